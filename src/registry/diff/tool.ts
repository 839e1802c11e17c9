import { type JsonObject, segment } from "../../schema/json.ts"
import type { CatalogTool } from "../catalog.ts"
import { serversOf, type ToolEntity, type ToolSource, written } from "../model.ts"
import { toolJson } from "../write/document-json.ts"
import { withoutNotes } from "../write/notes.ts"
import { dependsChanged, inOrder, type JudgeDepends, type Judges } from "./depends.ts"
import { type Change, change, type Level } from "./level.ts"
import { became, isEqual, membersChanged } from "./members.ts"
import { shownChanges } from "./shown.ts"

const writing = { notes: "dropped" } as const

/** What the document says of a tool, without its identity and the order of what it depends on. */
export function ownText(entity: ToolEntity): JsonObject {
  const { name: _, version: __, ...text } = toolJson(entity, writing)
  return entity.depends === undefined ? text : { ...text, depends: inOrder(entity.depends) }
}

/** What changed of a tool whose text in the document changed. */
export function toolChanges(
  old: CatalogTool,
  next: CatalogTool,
  { schemas, version }: Judges,
): readonly Change[] {
  const shown = shownChanges(old, next, schemas)
  const [before, after] = [old.entity, next.entity]
  const changes = [
    ...shown,
    ...implementationChanged(before, after, version),
    ...transformChanged(before, after),
    ...labelsChanged(before, after),
  ]
  // The text differs and nobody is shown anything else: a reference that leads to the same, a field written out.
  return changes.length > 0 ? changes : [change("", "words", "written in another way")]
}

function implementationChanged(
  old: ToolEntity,
  next: ToolEntity,
  version: JudgeDepends["judge"],
): readonly Change[] {
  const [before, after] = [old.source, next.source]
  if ((before === undefined) !== (after === undefined)) {
    const words = after === undefined ? "is a composition now" : "is a tool of a server now"
    return [change(after === undefined ? "spec" : "source", "compatible", words)]
  }
  if (before !== undefined && after !== undefined) return sourceChanged(before, after)
  const steps = specChanged(old.spec ?? {}, next.spec ?? {})
  return [...steps, ...dependsChanged(old.depends ?? [], next.depends ?? [], inside(version))]
}

/** What a composition may call is its own affair: callers see what it takes and gives. */
const inside = (version: JudgeDepends["judge"]): JudgeDepends => ({
  judge: (old, next) => {
    const { least, most } = version(old, next)
    return { least: atMostNoticed(least), most: atMostNoticed(most) }
  },
  gone: "compatible",
})

const atMostNoticed = (level: Level): Level => (level === "breaking" ? "compatible" : level)

function specChanged(old: JsonObject, next: JsonObject): readonly Change[] {
  if (isEqual(withoutNotes(old), withoutNotes(next))) return []
  const [before, after] = [patternOf(old), patternOf(next)]
  const words =
    before === after ? `its ${after} works in another way` : `was a ${before}, is a ${after}`
  return [change("spec", "compatible", words)]
}

/** A spec has one member beside its notes. */
const patternOf = (spec: JsonObject): string => Object.keys(withoutNotes(spec)).join()

function sourceChanged(old: ToolSource, next: ToolSource): readonly Change[] {
  const [before, after] = [placesOf(old), placesOf(next)]
  const moved = isEqual(before, after)
    ? []
    : [
        change(
          "source",
          "compatible",
          `goes to ${after.join(", ")} instead of ${before.join(", ")}`,
        ),
      ]
  const hidden = became(old.hideFields?.toSorted(), next.hideFields?.toSorted())
  return [
    ...moved,
    ...membersChanged(
      old.defaults ?? {},
      next.defaults ?? {},
      "compatible",
      (key) => `source/defaults${segment(key)}`,
    ),
    // Which fields callers may send is told by what they are shown; this says why.
    ...(hidden === undefined ? [] : [change("source/hideFields", "words", hidden)]),
    ...(isEqual(selectOf(old), selectOf(next))
      ? []
      : [change("source/select", "compatible", `${selectOf(next)} instead of ${selectOf(old)}`)]),
    ...(isEqual(old.idempotency, next.idempotency)
      ? []
      : [change("source/idempotency", "compatible", "changed")]),
  ]
}

const selectOf = ({ servers, ...source }: ToolSource): string =>
  servers === undefined || !("select" in source)
    ? "first_available"
    : (source.select ?? "first_available")

const placesOf = (source: ToolSource): readonly string[] =>
  serversOf(source).map((one) => {
    const { server: name, serverVersion: version } = one
    const server = written({ name, version })
    const when = "when" in one && one.when !== undefined ? ` when ${JSON.stringify(one.when)}` : ""
    return `${one.tool ?? source.tool} of ${server}${when}`
  })

function transformChanged(old: ToolEntity, next: ToolEntity): readonly Change[] {
  const [before, after] = [old.outputTransform, next.outputTransform]
  const what = became(before && withoutNotes(before), after && withoutNotes(after))
  if (what === undefined) return []
  if (old.outputSchema !== undefined && next.outputSchema !== undefined)
    return [change("outputTransform", "compatible", what)]
  const words = `${what}, and no output schema says what comes of it`
  return [{ at: "outputTransform", least: "compatible", most: "breaking", words }]
}

interface Labels {
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
  readonly metadata?: JsonObject
  readonly tags?: readonly string[]
  readonly extra?: JsonObject
}

/** What is said about an entity to people and to searches. */
export const labelsChanged = (old: Labels, next: Labels): readonly Change[] =>
  (["deprecated", "deprecationMessage", "metadata", "tags"] as const)
    .flatMap((key) => {
      const what = became(old[key], next[key])
      return what === undefined ? [] : [change(key, "words", what)]
    })
    .concat(membersChanged(extensions(old.extra), extensions(next.extra), "words"))

/** Notes (`$…`) mean nothing. */
const extensions = (extra: JsonObject = {}): JsonObject =>
  Object.fromEntries(Object.entries(extra).filter(([key]) => !key.startsWith("$")))
