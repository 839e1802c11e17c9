import type { EntityDiff, RegistryDiff, Touched } from "../../registry/diff/diff.ts"
import type { Node } from "../../registry/diff/graph.ts"
import { type Change, type Verdict, verdictOf } from "../../registry/diff/level.ts"
import { honestVersion, type Promised } from "../../registry/diff/promise.ts"
import { shortened } from "../../registry/diff/schemas.ts"
import { written } from "../../registry/model.ts"
import type { Colour, Paint } from "../paint.ts"
import { printableLine } from "../printable.ts"

/** As many as a reviewer reads: `--json` has everything. */
const entitiesMax = 200
const changesMax = 20
const touchesMax = 12

/** The differences for people: by kind, what must be looked at first. */
export function* diffWords(diff: RegistryDiff, paint: Paint): Generator<string> {
  if (diff.entities.length === 0 && diff.document.length === 0) {
    yield "nothing changed"
    return
  }
  for (const change of diff.document) yield* changeWords(change, "", paint)
  if (diff.document.length > 0) yield ""
  for (const kind of ["schema", "server", "tool", "agent"] as const) {
    const found = diff.entities.filter((one) => one.kind === kind).toSorted(byUrgency)
    if (found.length === 0) continue
    yield paint("bold", `${kind}s`)
    for (const one of found.slice(0, entitiesMax)) yield* entityWords(one, paint)
    yield* more(found.length - entitiesMax, "  ")
    yield ""
  }
  yield summary(diff, paint)
}

const urgency: readonly Verdict[] = ["breaking", "undecided", "compatible", "words"]
const byUrgency = (left: EntityDiff, right: EntityDiff) => urgencyOf(left) - urgencyOf(right)
const urgencyOf = ({ truth, verdict }: EntityDiff) =>
  truth === "lie" ? -1 : urgency.indexOf(verdict)

function* entityWords(entity: EntityDiff, paint: Paint): Generator<string> {
  const [mark, colour] = markOf(entity)
  yield `  ${paint(colour, mark)} ${titleOf(entity)}: ${paint(colour, verdictWords(entity))}`
  if (entity.fate === "changed" || entity.fate === "upgraded" || entity.fate === "beside") {
    for (const change of entity.changes.slice(0, changesMax))
      yield* changeWords(change, "      ", paint)
    yield* more(entity.changes.length - changesMax, "      ")
  }
  yield* touchedWords(entity, paint)
}

function markOf({ truth, verdict }: EntityDiff): readonly [string, Colour] {
  if (truth === "lie") return ["✗", "red"]
  if (verdict === "breaking") return ["!", "yellow"]
  if (verdict === "undecided" || truth === "undecided") return ["?", "yellow"]
  return ["✓", "green"]
}

function titleOf({ name, fate, from, to, renamedTo }: EntityDiff): string {
  const old = ref(name, from)
  const next = ref(renamedTo ?? name, to)
  switch (fate) {
    case "added":
      return `${next} added`
    case "removed":
      return `${old} removed`
    case "changed":
      return old
    case "beside":
      return `${next} added beside ${old}`
    case "upgraded":
      return `${printableLine(name)} ${from ?? "without a version"} → ${to ?? "without a version"}`
    case "renamed":
      return `${old} → ${next}, renamed`
  }
}

const ref = (name: string, version: string | undefined) => printableLine(written({ name, version }))

function verdictWords(entity: EntityDiff): string {
  const { fate, verdict, promise, truth } = entity
  if (fate === "added") return "nobody breaks"
  if (promise === undefined) return verdict === "breaking" ? "breaking" : "nobody breaks"
  const what = words[verdict]
  if (truth === undefined) return `${what}; its version promises nothing`
  if (truth === "true") return `${what}, as its version says`
  if (truth === "undecided") return `${what}; ${promises[promise]}, and that is not proved`
  return `${what}, but ${lie(entity, promise)}`
}

const words = {
  words: "nothing but words",
  compatible: "compatible",
  breaking: "breaking",
  undecided: "undecided whether it breaks anybody",
} as const satisfies Record<Verdict, string>

const promises = {
  same: "its version is the same",
  patch: "a patch may be nothing but words",
  minor: "a minor version breaks nobody",
  anything: "this version may change anything",
  "nothing said": "its version promises nothing",
} as const satisfies Record<Promised, string>

function lie({ from = "", changes }: EntityDiff, promise: Promised): string {
  const least = (["breaking", "compatible", "words"] as const).find((level) =>
    changes.some((change) => change.least === level),
  )
  const honest = honestVersion(from, least ?? "words")
  const mend = honest === undefined ? "give it another version" : `give it at least ${honest}`
  return `${promises[promise]}: ${mend}`
}

function* changeWords(change: Change, indent: string, paint: Paint): Generator<string> {
  const at = change.at === "" ? "" : `${printableLine(change.at)}: `
  yield `${indent}${at}${printableLine(change.words)}${label(change, paint)}`
  if (change.witness !== undefined)
    yield `${indent}  for example ${printableLine(shortened(change.witness))}`
}

function label(change: Change, paint: Paint): string {
  const verdict = verdictOf(change)
  if (verdict === "words") return ""
  return ` (${paint(verdict === "compatible" ? "green" : "yellow", verdict)})`
}

function* touchedWords(entity: EntityDiff, paint: Paint): Generator<string> {
  const { touchesMore, verdict } = entity
  const touches = entity.touches.filter((one) => !isOfReachedAgent(one))
  const shown = touches.slice(0, verdict === "words" ? 0 : touchesMax)
  const told = new Set(entity.changes.map(({ witness }) => JSON.stringify(witness)))
  for (const one of shown) {
    yield `      ${paint("dim", `reaches ${touchedName(one)}${through(one)}`)}`
    for (const change of one.changes) {
      const { at, witness } = change
      // What was shown of the entity itself is not shown again of everything that uses it.
      if (witness === undefined || !told.has(JSON.stringify(witness)))
        yield* changeWords(change, "        ", paint)
      else yield `        ${printableLine(at)}: the same${label(change, paint)}`
    }
  }
  const rest = touches.length + touchesMore - shown.length
  if (shown.length === 0 && rest > 0) yield `      ${paint("dim", `reaches ${rest}`)}`
  else yield* more(rest, "      ", " reached")
}

/** That an agent which is reached has skills says nothing more of it. */
const isOfReachedAgent = ({ node, path }: Touched) =>
  node.kind === "skill" && path.at(-2)?.kind === "agent"

const touchedName = ({ node, isComposition }: Touched) =>
  isComposition ? `composition ${printableLine(written(node))}` : nodeWords(node)

function through({ path }: Touched): string {
  const between = path.slice(0, -1).map(nodeWords)
  return between.length === 0 ? "" : `, through ${between.join(" → ")}`
}

const nodeWords = (node: Node): string =>
  printableLine(
    node.part === undefined
      ? `${node.kind} ${written(node)}`
      : `${node.kind === "skill" ? "skill " : ""}${node.part} of ${written(node)}`,
  )

function* more(count: number, indent: string, what = ""): Generator<string> {
  if (count > 0) yield `${indent}… and ${count} more${what}`
}

function summary({ entities, lies }: RegistryDiff, paint: Paint): string {
  const counted = urgency
    .map((verdict) => [verdict, entities.filter((one) => one.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
  const verdict =
    lies.length === 0
      ? "no version lies"
      : paint("red", `${lies.length} ${lies.length === 1 ? "version lies" : "versions lie"}`)
  return [...counted, verdict].join(", ")
}
