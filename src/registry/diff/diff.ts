import { keysOf } from "../../schema/json.ts"
import type { Ref } from "../model.ts"
import { type Comparer, Comparison, type Version } from "./comparison.ts"
import { type EntityKind, type Node, nodeKey, nodeOf, type Reached, reachedFrom } from "./graph.ts"
import { type Change, change, type Level, rangeOf, type Verdict, verdictOf } from "./level.ts"
import { type Pair, pairUp } from "./pair.ts"
import { type Promised, promised, type Truth, truthOf } from "./promise.ts"
import { withRenames } from "./renames.ts"

/** What became of one entity. */
export interface EntityDiff {
  readonly kind: EntityKind
  readonly name: string
  readonly fate: Fate
  /** The version in the old document; of what came `beside` another that other one. */
  readonly from?: string
  readonly to?: string
  /** Of what was renamed: what it is called now. */
  readonly renamedTo?: string
  readonly verdict: Verdict
  readonly changes: readonly Change[]
  /** What the version says of the changes, where there are two to compare; and whether that is so, where it says anything. */
  readonly promise?: Promised
  readonly truth?: Truth
  /** Agents, tools (compositions among them) and skills that it reaches. */
  readonly touches: readonly Touched[]
  /** How many more than those it reaches. */
  readonly touchesMore: number
}

export type Fate = "added" | "removed" | "changed" | "upgraded" | "beside" | "renamed"

export interface Touched extends Reached {
  /** A composition, where it is a tool that is one. */
  readonly isComposition: boolean
  /** Of what did not change itself and is something else all the same: what of it, told where it was found first. */
  readonly changes: readonly Change[]
}

export interface RegistryDiff {
  /** What changed of the document as a whole. */
  readonly document: readonly Change[]
  /** By kind, then name, then version. */
  readonly entities: readonly EntityDiff[]
  /** Those whose version number does not tell the truth. */
  readonly lies: readonly EntityDiff[]
}

/** A change may reach everything; who must know all may ask for it in parts. */
const touchesMax = 1_000

/**
 * What changed between two sound documents: of each entity whether those who call it break, whether its version says so,
 * and whom it reaches. References are resolved first: what changes by what it refers to is told there, once.
 */
export function diffRegistries(old: Version, next: Version): RegistryDiff {
  const comparison = new Comparison(old, next)
  const entities = [
    ...judged(comparison.schemas()),
    ...judged(comparison.servers()),
    ...judged(comparison.tools()),
    ...judged(comparison.agents()),
  ]
  const reach = new Reach(comparison, entities)
  const all = entities.map((one) => ({ ...one, ...reach.of(one) }))
  return {
    document: documentChanges(old, next),
    entities: all,
    lies: all.filter(({ truth }) => truth === "lie"),
  }
}

type Judged = Omit<EntityDiff, "touches" | "touchesMore">

function judged<T extends Ref>(comparer: Comparer<T>): readonly Judged[] {
  return withRenames(pairUp(comparer.old, comparer.next), (one) => comparer.text(one))
    .flatMap((pair) => judgedPair(pair, comparer) ?? [])
    .sort(byName)
}

function byName(left: Judged, right: Judged): number {
  const [a, b] = [left, right].map(({ name, to, from }) => `${name} ${to ?? from ?? ""}`)
  return (a ?? "") < (b ?? "") ? -1 : 1
}

function judgedPair<T extends Ref>(
  pair: Pair<T> | { readonly fate: "renamed"; readonly old: T; readonly next: T },
  comparer: Comparer<T>,
): Judged | undefined {
  const { kind } = comparer
  /** Nobody calls a schema or a server; who referred to it is compared by itself. */
  const level: Level = kind === "tool" || kind === "agent" ? "breaking" : "compatible"
  switch (pair.fate) {
    case "added":
      return entityDiff("added", kind, { next: pair.next }, [change("", "compatible", "is new")])
    case "removed":
      return entityDiff("removed", kind, { old: pair.old }, [change("", level, "is gone")])
    case "renamed":
      return entityDiff("renamed", kind, pair, [
        change("name", level, `is called ${pair.next.name}`),
      ])
    case "kept":
      if (!isSame(pair, comparer))
        return compared("changed", pair, kind, comparer.changes(pair.old, pair.next))
      return followed(pair, comparer)
    default: {
      const changes = isSame(pair, comparer) ? [] : comparer.changes(pair.old, pair.next)
      return compared(pair.fate, pair, kind, changes)
    }
  }
}

interface Both<T> {
  readonly old: T
  readonly next: T
}

const isSame = <T extends Ref>({ old, next }: Both<T>, { text }: Comparer<T>): boolean =>
  text(old) === text(next)

/**
 * What says the same and is something else by what it refers to. Where that has a version, the change is told of it; what
 * has none promises nothing, so that it is the version of what refers to it that must tell.
 */
function followed<T extends Ref>(pair: Both<T>, comparer: Comparer<T>): Judged | undefined {
  if (pair.old.version === undefined || !comparer.follows(pair.next)) return
  // Without a place: that it is written in another way, which it is not.
  const changes = comparer.changes(pair.old, pair.next).filter(({ at }) => at !== "")
  return changes.length === 0 ? undefined : compared("changed", pair, comparer.kind, changes)
}

function compared(
  fate: Fate,
  pair: Both<Ref>,
  kind: EntityKind,
  changes: readonly Change[],
): Judged {
  const promise = promised(pair.old.version, pair.next.version)
  const found = entityDiff(fate, kind, pair, changes)
  if (promise === "nothing said") return { ...found, promise }
  const isSaidOfVersion = promise === "same" && changes.every(({ at }) => deprecation.has(at))
  return { ...found, promise, truth: isSaidOfVersion ? "true" : truthOf(promise, rangeOf(changes)) }
}

/** Said of a version that is out, by those who want it used no more: no other version could say it. */
const deprecation: ReadonlySet<string> = new Set(["deprecated", "deprecationMessage"])

function entityDiff(
  fate: Fate,
  kind: EntityKind,
  { old, next }: { readonly old?: Ref; readonly next?: Ref },
  changes: readonly Change[],
): Judged {
  const name = old?.name ?? next?.name ?? ""
  return {
    kind,
    name,
    fate,
    ...(old?.version !== undefined && { from: old.version }),
    ...(next?.version !== undefined && { to: next.version }),
    ...(next !== undefined && next.name !== name && { renamedTo: next.name }),
    verdict: verdictOf(rangeOf(changes)),
    changes,
  }
}

/** Whom changes reach. */
class Reach {
  readonly #comparison: Comparison
  /** Entities with changes of their own, and others whose changes were told. */
  readonly #told: Set<string>
  /** What an entity of the old document is in the new one, where it is there under another version or name. */
  readonly #successors: ReadonlyMap<string, Node>

  constructor(comparison: Comparison, entities: readonly Judged[]) {
    this.#comparison = comparison
    const all = entities.map(ends)
    this.#told = new Set(all.flatMap(({ old, next }) => [...old, ...next].map(nodeKey)))
    const moved = entities.flatMap((one) => {
      const { old, next } = wholes(one)
      return old === undefined || next === undefined ? [] : [[nodeKey(old), next] as const]
    })
    this.#successors = new Map(moved)
  }

  of(entity: Judged): Pick<EntityDiff, "touches" | "touchesMore"> {
    const { old, next } = ends(entity)
    const reached = new Map<string, Reached>()
    for (const one of reachedFrom(next, this.#comparison.next.users))
      reached.set(nodeKey(one.node), one)
    for (const one of reachedFrom(old, this.#comparison.old.users)) {
      const successor = this.#successorOf(one)
      if (!reached.has(successor)) reached.set(nodeKey(one.node), one)
    }
    const touches = [...reached.values()].filter(isCaller).map((one) => this.#touched(one))
    return {
      touches: touches.slice(0, touchesMax),
      touchesMore: Math.max(0, touches.length - touchesMax),
    }
  }

  /** The key of what is reached, as the new document has it. */
  #successorOf({ node }: Reached): string {
    const whole = node.kind === "skill" ? nodeOf("agent", node) : node
    const successor = this.#successors.get(nodeKey(whole)) ?? whole
    return nodeKey(node.kind === "skill" ? nodeOf("skill", successor, node.part) : successor)
  }

  #touched(reached: Reached): Touched {
    const { name, version, kind } = reached.node
    const key = nodeKey(reached.node)
    const isTold = this.#told.has(key)
    this.#told.add(key)
    const tool = [this.#comparison.next, this.#comparison.old]
      .map(({ catalog }) => (kind === "tool" ? catalog.tool(name, version) : undefined))
      .find((one) => one !== undefined)
    const isComposition = tool?.implementation.kind === "composition"
    const changes = isTold ? [] : this.#comparison.derived(reached.node)
    return { ...reached, isComposition, changes }
  }
}

const isCaller = ({ node: { kind } }: Reached) =>
  kind === "tool" || kind === "agent" || kind === "skill"

/** The entity as a whole, in either document. */
function wholes({ kind, name, from, to, renamedTo, fate }: Judged) {
  const at = (called: string, version: string | undefined) =>
    nodeOf(kind, version === undefined ? { name: called } : { name: called, version })
  const isOld = fate !== "added" && fate !== "beside"
  return {
    old: isOld ? at(name, from) : undefined,
    next: fate === "removed" ? undefined : at(renamedTo ?? name, to),
  }
}

/** Where those who are reached begin: who used it as it was, and who uses it as it is. Of a server what changed of it. */
function ends(entity: Judged) {
  const { old, next } = wholes(entity)
  const parts = entity.kind === "server" && old !== undefined && next !== undefined
  const from = (whole: typeof old) => {
    if (whole === undefined) return []
    return parts && entity.fate !== "renamed"
      ? provisionsIn(entity).map((tool) => nodeOf("provision", whole, tool))
      : [whole]
  }
  return { old: from(old), next: from(next) }
}

function provisionsIn({ changes }: Judged): readonly string[] {
  const places = changes.map(({ at }) => keysOf(`/${at}`))
  return [...new Set(places.flatMap(([first, tool]) => (first === "provides" ? (tool ?? []) : [])))]
}

const strictness = { denyAll: 2, allowUnregistered: 1, allowAll: 0 } as const

function documentChanges({ catalog: old }: Version, { catalog: next }: Version): readonly Change[] {
  const [from, to] = [old.unknownCallerPolicy ?? "allowAll", next.unknownCallerPolicy ?? "allowAll"]
  if (from === to) return []
  const level = strictness[to] > strictness[from] ? "breaking" : "compatible"
  return [change("unknownCallerPolicy", level, `${to} instead of ${from}`)]
}
