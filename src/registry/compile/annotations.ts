import { type JsonObject, member } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import { type Composition, serversOf, type ToolEntity } from "../model.ts"
import type { Links, Target } from "../resolve/links.ts"

/** What tools say of their effects (MCP ToolAnnotations). */
export interface Annotations {
  /** As callers are shown them: what is written, before what is inherited or derived. */
  readonly shown: ReadonlyMap<ToolEntity, JsonObject>
  /** Of compositions: what follows from all that they may call. */
  readonly derived: ReadonlyMap<ToolEntity, JsonObject>
}

/**
 * A tool of a server inherits from its provision. A composition is what the worst of its calls is, wherever a pattern
 * puts them: compensations, fallbacks, taps and probes count. What is not said is the worst (MCP's own defaults), and so
 * is what an agent does, so that no composition is shown safer than it is.
 */
export function* deriveAnnotations(draft: Draft, links: Links): Generator<void, Annotations, void> {
  const flaws = yield* findFlaws(draft, links)
  const shown = new Map<ToolEntity, JsonObject>()
  const derived = new Map<ToolEntity, JsonObject>()
  for (const tool of draft.document.tools) {
    const { annotations: own } = tool
    const given =
      tool.spec === undefined
        ? inherited(tool, links)
        : annotationsOf((flaw) => flaws[flaw].has(tool))
    if (given !== undefined && tool.spec !== undefined) derived.set(tool, given)
    const all = given === undefined ? own : { ...given, ...own }
    if (all !== undefined) shown.set(tool, all)
  }
  return { shown, derived }
}

/** What the provision says; of several what the worst of them says, for a call may go to each. */
function inherited({ source }: ToolEntity, links: Links): JsonObject | undefined {
  const said =
    source && serversOf(source).map((one) => links.sources.get(one)?.provision?.annotations)
  const [first, ...others] = said ?? []
  if (others.length === 0 || said?.every((one) => one === undefined)) return first
  return {
    ...first,
    ...annotationsOf((flaw) => said?.some((one) => hasFlaw(one ?? {}, flaw)) === true),
  }
}

/** Ways to be worse than the best, each with the hint that says so. A tool gets them from those that it calls. */
export const hints = {
  effect: "readOnlyHint",
  destructive: "destructiveHint",
  unrepeatable: "idempotentHint",
  open: "openWorldHint",
} as const
export type Flaw = keyof typeof hints
const all: readonly Flaw[] = ["effect", "destructive", "unrepeatable", "open"]

/** What a tool with these annotations must be taken for, the worst where they say nothing. */
export const flawsOf = (annotations: JsonObject): readonly Flaw[] =>
  all.filter((flaw) => hasFlaw(annotations, flaw))

const annotationsOf = (has: (flaw: Flaw) => boolean): JsonObject => ({
  readOnlyHint: !has("effect"),
  destructiveHint: has("destructive"),
  idempotentHint: !has("unrepeatable"),
  openWorldHint: has("open"),
})

/** Whether a value of a hint says that the tool has the flaw; undefined where it says nothing. */
function says(annotations: JsonObject, flaw: Flaw): boolean | undefined {
  const hint = member(annotations, hints[flaw])
  if (typeof hint !== "boolean") return
  return flaw === "effect" || flaw === "unrepeatable" ? !hint : hint
}

type Flawed = { readonly [flaw in Flaw]: Set<ToolEntity> }

function* findFlaws(draft: Draft, links: Links): Generator<void, Flawed, void> {
  const flawed: Flawed = {
    effect: new Set(),
    destructive: new Set(),
    unrepeatable: new Set(),
    open: new Set(),
  }
  const callers = new Map<ToolEntity, ToolEntity[]>()
  for (const tool of draft.document.tools) {
    yield
    const composition = draft.compositions.get(tool)
    const targets = composition && targetsOf(tool, composition, links)
    for (const flaw of targets ? flawsOfCalls(tool, targets) : flawsOfSource(tool, links))
      flawed[flaw].add(tool)
    for (const target of targets ?? [])
      if (target?.kind === "tool") callersOf(target.entity, callers).push(tool)
  }
  for (const flaw of all) spread(flaw, flawed[flaw], callers)
  return flawed
}

function callersOf(tool: ToolEntity, callers: Map<ToolEntity, ToolEntity[]>): ToolEntity[] {
  const known = callers.get(tool) ?? []
  callers.set(tool, known)
  return known
}

/** What it may call; undefined for what is no registered tool or agent. What data chooses is any of its `depends`. */
function targetsOf(
  tool: ToolEntity,
  { calls, isDynamic }: Composition,
  links: Links,
): readonly (Target | undefined)[] {
  const named = calls.map((call) => links.calls.get(call)?.target)
  return isDynamic
    ? [...named, ...(links.depends.get(tool) ?? []).map(({ target }) => target)]
    : named
}

/** Past the registry, and behind an agent, anything may happen; what is written as worse than it seems is believed. */
function flawsOfCalls(
  { annotations = {} }: ToolEntity,
  targets: readonly (Target | undefined)[],
): readonly Flaw[] {
  const isUnknown = targets.some((target) => target?.kind !== "tool")
  return isUnknown ? all : all.filter((flaw) => says(annotations, flaw) === true)
}

function flawsOfSource(tool: ToolEntity, links: Links): readonly Flaw[] {
  const annotations = { ...inherited(tool, links), ...tool.annotations }
  // To say how a tool takes idempotency keys is to say that it honours them.
  const isRepeatable = tool.source?.idempotency !== undefined
  return all.filter(
    (flaw) => hasFlaw(annotations, flaw) && !(flaw === "unrepeatable" && isRepeatable),
  )
}

/** What is not said counts as said, but that what changes nothing destroys nothing, however often it is called. */
function hasFlaw(annotations: JsonObject, flaw: Flaw): boolean {
  const isSafe = says(annotations, "effect") === false
  return (
    !(isSafe && (flaw === "destructive" || flaw === "unrepeatable")) &&
    says(annotations, flaw) !== false
  )
}

/** With an explicit list, because a chain of compositions may be long before it is found too long. */
function spread(
  flaw: Flaw,
  flawed: Set<ToolEntity>,
  callers: ReadonlyMap<ToolEntity, readonly ToolEntity[]>,
): void {
  // A set is walked in the order of insertion, and what is added meanwhile is walked as well.
  for (const tool of flawed)
    for (const caller of callers.get(tool) ?? [])
      if (flaw !== "unrepeatable" || !hasSagaId(caller)) flawed.add(caller)
}

/** A second call with the same saga id attaches to the first, or gets what that came to. */
function hasSagaId({ spec }: ToolEntity): boolean {
  const saga = spec?.["saga"]
  return typeof saga === "object" && saga !== null && Object.hasOwn(saga, "sagaIdPath")
}
