import { type JsonObject, type JsonSchema, segment } from "../../schema/json.ts"
import type { Provision, ServerEntity } from "../model.ts"
import { serverJson } from "../write/document-json.ts"
import { type Change, change } from "./level.ts"
import { became } from "./members.ts"
import type { SchemaJudge } from "./schemas.ts"
import {
  annotationsChanged,
  type Contract,
  iconsChanged,
  schemasChanged,
  tasksChanged,
  wordsChanged,
} from "./shown.ts"
import { labelsChanged } from "./tool.ts"

const writing = { notes: "dropped" } as const

/** What the document says of a server, without its identity and the order of what it provides. */
export function serverText(entity: ServerEntity): JsonObject {
  const provides = entity.provides.toSorted((a, b) => (a.tool < b.tool ? -1 : 1))
  const { name: _, version: __, ...text } = serverJson({ ...entity, provides }, writing)
  return text
}

/** One side of a comparison: what it says, and how its references are resolved. */
export interface Side<T> {
  readonly entity: T
  readonly resolve: (schema: JsonSchema) => JsonSchema | undefined
}

/** A contract with all that its schemas refer to in them. */
export const resolved = (
  { inputSchema, outputSchema }: Contract,
  resolve: Side<unknown>["resolve"],
): Contract => ({
  inputSchema: inputSchema && resolve(inputSchema),
  outputSchema: outputSchema && resolve(outputSchema),
})

/** What changed of a server for the tools that are on it. */
export function serverChanges(
  old: Side<ServerEntity>,
  next: Side<ServerEntity>,
  judge: SchemaJudge,
): readonly Change[] {
  const before = provisionsOf(old.entity)
  const after = provisionsOf(next.entity)
  const names = [...new Set([...before.keys(), ...after.keys()])]
  const provided = names.flatMap((name) => {
    const [from, to] = [before.get(name), after.get(name)]
    const at = `provides${segment(name)}`
    if (to === undefined) return [change(at, "breaking", "no longer provided")]
    if (from === undefined) return [change(at, "compatible", "provided now")]
    const contracts = [resolved(from, old.resolve), resolved(to, next.resolve)] as const
    const changes = [...provisionChanged(from, to), ...schemasChanged(...contracts, judge)]
    return changes.map((one) => ({ ...one, at: `${at}/${one.at}` }))
  })
  const changes = [
    ...provided,
    ...wordsChanged(old.entity, next.entity),
    ...labelsChanged(old.entity, next.entity),
  ]
  return changes.length > 0 ? changes : [change("", "words", "written in another way")]
}

const provisionsOf = ({ provides }: ServerEntity): ReadonlyMap<string, Provision> =>
  new Map(provides.map((one) => [one.tool, one]))

function provisionChanged(old: Provision, next: Provision): readonly Change[] {
  const version = became(old.version, next.version)
  return [
    ...(version === undefined ? [] : [change("version", "compatible", versionWords(old, next))]),
    ...wordsChanged(old, next),
    ...annotationsChanged(old.annotations ?? {}, next.annotations ?? {}),
    ...tasksChanged(old.execution, next.execution),
    ...iconsChanged(old.icons, next.icons),
  ]
}

const versionWords = (old: Provision, next: Provision) =>
  `${next.version ?? "no version"} instead of ${old.version ?? "no version"}`
