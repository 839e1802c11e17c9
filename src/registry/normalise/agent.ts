import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { AgentEntity } from "../model.ts"
import type { Groups } from "./agent-dependencies.ts"
import { reportConflict } from "./conflict.ts"
import { has, present, read, readObject, readText, type Written } from "./fields.ts"
import { readIdentity, readVersion } from "./identity.ts"
import { placed } from "./place.ts"
import { readAgentDepends } from "./sbom.ts"
import { reportLiterals } from "./secrets.ts"
import { readSkills, type SkillRead } from "./skill.ts"

/** An element of `agents`: an A2A card, which may carry anything beside what is read here. */
export function readAgent(from: Written, groups: Groups): AgentEntity | undefined {
  const identity = readIdentity(from, "agent")
  if (identity === undefined) return
  const { name, version } = identity
  const skills = readSkills(from)
  const depends = readAgentDepends(from, groups)
  const url = readEndpoint(from)
  reportIncomplete(from)
  const entity: AgentEntity = {
    name,
    ...present({ version }),
    card: canonicalCard(from, skills, url),
    skills: skills.map(({ skill }) => skill),
    ...readDeprecation(from),
    ...present({ depends }),
  }
  return placed(from.context, entity, from.pointer)
}

const replacedMembers: ReadonlySet<string> = new Set(["depends", "dependencies"])

/** The card without its dialect's members; the very object that was written if there is none. */
function canonicalCard(
  { raw }: Written,
  skills: readonly SkillRead[],
  url: string | undefined,
): JsonObject {
  const cards = skills.map(({ card }) => card)
  const written = raw["skills"]
  const sameSkills =
    !Array.isArray(written) ||
    (written.length === cards.length && cards.every((card, i) => card === written[i]))
  const dropped = Object.keys(raw).filter(
    (key) => replacedMembers.has(key) || (key === "endpoint" && url !== undefined),
  )
  if (sameSkills && dropped.length === 0) return raw
  const members = Object.entries(raw).filter(([key]) => !dropped.includes(key))
  const at = members.findIndex(([key]) => key === "skills")
  if (at >= 0) members[at] = ["skills", cards]
  if (url !== undefined && !Object.hasOwn(raw, "url")) members.push(["url", url])
  return Object.fromEntries(members)
}

/** The dialect's `endpoint`: the URL of an A2A endpoint. An MCP endpoint has no canonical twin and stays. */
function readEndpoint(from: Written): string | undefined {
  const { pointer, context } = from
  const raw = readObject(from, "endpoint")
  if (raw === undefined) return
  context.dialect("agent.endpoint", `${pointer}/endpoint`)
  const endpoint = { raw, pointer: `${pointer}/endpoint`, context }
  const a2a = readObject(endpoint, "a2a")
  const mcp = readObject(endpoint, "mcp")
  if (mcp !== undefined) readMcpEndpoint({ raw: mcp, pointer: `${pointer}/endpoint/mcp`, context })
  if (a2a === undefined) return
  reportAuth({ raw: a2a, pointer: `${pointer}/endpoint/a2a`, context })
  const url = readText({ raw: a2a, pointer: `${pointer}/endpoint/a2a`, context }, "url")
  const own = read(from, "url")
  if (url !== undefined && own !== undefined && own !== url)
    reportConflict(from, "url and endpoint.a2a.url differ", "keep url")
  return url
}

function readMcpEndpoint(from: Written): void {
  const name = readText(from, "server")
  if (name !== undefined) readVersion(from, "serverVersion", { kind: "server", name })
}

const secretFields: ReadonlySet<string> = new Set(["token", "key", "clientSecret"])

/** Credentials belong to the configuration: `auth` is not carried, and literals in it are reported. */
function reportAuth(a2a: Written): void {
  for (const [scheme, value] of Object.entries(readObject(a2a, "auth") ?? {})) {
    for (const [key, secret] of Object.entries(isObject(value) ? value : {}))
      if (secretFields.has(key))
        reportLiterals(secret, `${a2a.pointer}/auth/${scheme}/${key}`, a2a.context)
  }
}

const expected = [
  "description",
  "url",
  "protocolVersion",
  "defaultInputModes",
  "defaultOutputModes",
  "skills",
] as const

/** What A2A requires of a card, or the 1.0 shape's and the dialect's members that say the same. */
const satisfiedBy: { readonly [field: string]: readonly string[] } = {
  url: ["endpoint", "supportedInterfaces"],
  protocolVersion: ["supportedInterfaces"],
}

function reportIncomplete(from: Written): void {
  const missing = expected.filter(
    (field) => ![field, ...(satisfiedBy[field] ?? [])].some((key) => has(from, key)),
  )
  if (missing.length === 0) return
  from.context.report({
    code: "agent_card_incomplete",
    severity: "info",
    pointer: from.pointer,
    message: `the card lacks ${missing.join(", ")}`,
    hint: "calls of tools do not need them, A2A clients may",
    data: { missing },
  })
}

function readDeprecation(from: Written): {
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
} {
  const deprecated: Json | undefined = read(from, "deprecated")
  const message = read(from, "deprecationMessage")
  const text = typeof deprecated === "string" ? deprecated : message
  return {
    ...present({ deprecated: isDeprecated(deprecated) }),
    ...(typeof text === "string" && { deprecationMessage: text }),
  }
}

const isDeprecated = (value: Json | undefined): boolean | undefined => {
  if (typeof value === "boolean") return value
  return typeof value === "string" && value !== "" ? true : undefined
}
