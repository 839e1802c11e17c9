import type { Visit } from "../../mcp/backend/visit.ts"
import type { FoundServer } from "../../portable/import/merging.ts"
import { distinct, serverName } from "../../portable/import/names.ts"
import { sameJson } from "../../registry/normalise/same-json.ts"
import { isOversize } from "../../registry/pins/definition.ts"
import { hiddenText } from "../../registry/pins/hidden-text.ts"
import { pinTool } from "../../registry/pins/pin-tool.ts"
import { isExact } from "../../registry/version.ts"
import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { serverWords } from "../../server/pins/server-words.ts"
import type { Named } from "./names.ts"
import type { RefusedTool } from "./settle.ts"

/** A server that answered, and what is not taken of it. */
export interface Found {
  readonly candidate: Named
  readonly server: FoundServer
  readonly refused: readonly RefusedTool[]
  readonly notes: readonly string[]
}

export type Answered = readonly [candidate: Named, visit: Visit & { readonly ok: true }]

/** What servers said, as far as it can be registered. `secrets` are values that no file may hold. */
export function foundServers(
  answered: readonly Answered[],
  secrets: readonly string[],
): readonly Found[] {
  const wished = answered.map(([{ isUnnamed, name }, { info }]) => {
    const own = info?.["name"]
    return isUnnamed && typeof own === "string" && own !== "" ? serverName(own) : name
  })
  const names = distinct(
    wished,
    answered.map(([{ key }]) => key !== undefined),
  )
  return answered.map(([candidate, visit], index) =>
    foundServer({ ...candidate, name: names[index] ?? candidate.name }, visit, secrets),
  )
}

function foundServer(
  candidate: Named,
  { dropped, info = {}, instructions, tools }: Answered[1],
  secrets: readonly string[],
): Found {
  const { name } = candidate
  const notes: string[] = []
  const once = new Map<string, JsonObject>()
  const ambiguous = new Set<string>()
  for (const tool of tools) {
    const first = once.get(tool.name)
    if (first === undefined) once.set(tool.name, tool.definition)
    else if (!sameJson(first, tool.definition)) ambiguous.add(tool.name)
  }
  const version = versionIn(info)
  if (version === undefined && candidate.version === undefined) notes.push(versionNote(info))
  const wrong = [...once].flatMap(([on, definition]) => {
    const why = ambiguous.has(on) ? twice : unfit(definition, secrets)
    return why === undefined ? [] : [{ server: name, on, why }]
  })
  const words = serverWords(Object.keys(info).length === 0 ? undefined : info, instructions)
  return {
    candidate,
    server: {
      name,
      version,
      configured: candidate.version,
      description: describedBy(info, secrets),
      words: holdsAny({ ...words }, secrets) ? {} : words,
      tools: [...once.values()],
    },
    refused: [
      ...wrong,
      ...dropped.map(({ reason, tool }) => ({ server: name, on: tool, why: reason })),
    ],
    notes,
  }
}

const versionIn = ({ version }: JsonObject): string | undefined =>
  typeof version === "string" && isExact(version) ? version : undefined

function versionNote({ version }: JsonObject): string {
  const said = JSON.stringify(version ?? null).slice(0, 64)
  return `says ${version === undefined ? "no version" : `version ${said}`}, which is none that one could write down`
}

function describedBy({ description, title }: JsonObject, secrets: readonly string[]) {
  const text = [description, title].find((one) => typeof one === "string" && one !== "")
  if (typeof text !== "string" || hiddenText(text) !== undefined) return
  return holdsAny(text, secrets) ? undefined : text.slice(0, descriptionMax)
}

const descriptionMax = 1_000

const twice = "its server lists it twice, with different words"

/** Why a definition cannot stand in a registry at all; the rest is for the registry's own rules to say. */
function unfit(definition: JsonObject, secrets: readonly string[]): string | undefined {
  if (isDeep(definition, depthMax)) return `its definition is nested deeper than ${depthMax} levels`
  if (isOversize(definition)) return "its definition is larger than 512 KiB"
  if (pinTool(definition) === undefined) return "its definition holds half of a surrogate pair"
  if (holdsAny(definition, secrets))
    return "its definition shows a secret that the server was given"
  return
}

/** Shorter ones could be words. */
const secretLengthMin = 8
const holdsAny = (value: Json, secrets: readonly string[]): boolean => {
  const long = secrets.filter((secret) => secret.length >= secretLengthMin)
  if (long.length === 0) return false
  const text = JSON.stringify(value)
  return long.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)))
}

/** Below the limit of a document, in which a definition stands some levels deep. */
const depthMax = 100

function isDeep(value: Json, levels: number): boolean {
  if (!isObject(value) && !isList(value)) return false
  return levels === 0 || Object.values(value).some((inside: Json) => isDeep(inside, levels - 1))
}
