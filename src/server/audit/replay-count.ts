import type { AuditEntry, EntryRef, EntryTarget } from "./entry.ts"
import { type Judgement, type Outcome, replay } from "./replay.ts"
import { Budget, type Count, Tally } from "./tally.ts"

/** Calls of one caller for one thing that would end in one way. */
export interface ReplayRow {
  /** Undefined where nobody was identified; without a name for a caller without one. */
  readonly caller: Partial<EntryRef> | undefined
  readonly trust: string | undefined
  readonly by: readonly string[]
  /** The composition that made the call; undefined for calls of agents. */
  readonly via: string | undefined
  readonly target: EntryTarget | undefined
  /** What became of it: `allow`, or the code of its refusal. */
  readonly was: string
  readonly outcome: Outcome
  /** The first of them. */
  readonly file: string
  readonly line: number
}

export interface Replayed {
  readonly records: number
  /** Calls, inner calls and requests among the records. */
  readonly calls: number
  /** Were allowed and would be refused. */
  readonly refused: Part
  /** Were refused for want of a right, and would be allowed. */
  readonly allowed: Part
  /** Were allowed and would be, and go to another version. */
  readonly moved: Part
  readonly undecided: Part
  /** How many would end as they did. */
  readonly same: number
}

export interface Part {
  /** Of all calls, those without a row included. */
  readonly count: number
  /** The most frequent first. */
  readonly rows: readonly (ReplayRow & Count)[]
}

const rowsMax = 50_000

/** Refusals for want of a right: what a registry may grant, or a rule leave. */
const rights: ReadonlySet<string> = new Set([
  "unknown_caller",
  "insufficient_trust",
  "unknown_tool",
  "undeclared_dependency",
  "denied_by_rule",
  "unknown_resource",
  "unknown_prompt",
])

const kinds: ReadonlySet<string> = new Set(["call", "step", "request"])

/** What another registry would do to recorded calls, from records that come one by one. */
export class ReplayCount {
  readonly #judgement: Judgement
  /** What was decided once is not decided again. */
  readonly #outcomes = new Map<string, Outcome>()
  readonly #budget = new Budget(rowsMax)
  readonly #parts = {
    refused: newPart(this.#budget),
    allowed: newPart(this.#budget),
    moved: newPart(this.#budget),
    undecided: newPart(this.#budget),
  }
  #records = 0
  #calls = 0
  #same = 0

  constructor(judgement: Judgement) {
    this.#judgement = judgement
  }

  add(entry: AuditEntry): void {
    this.#records++
    if (!kinds.has(entry.kind)) return
    this.#calls++
    const key = keyOf(entry)
    const outcome = this.#outcomeOf(key, entry)
    const name = partOf(entry, outcome)
    if (name === undefined) {
      this.#same++
      return
    }
    const part = this.#parts[name]
    part.count++
    part.tally.add(key, () => rowOf(entry, outcome), entry.time)
  }

  replayed(): Replayed {
    const { refused, allowed, moved, undecided } = this.#parts
    const part = ({ count, tally }: Counted): Part => ({ count, rows: tally.rows() })
    return {
      records: this.#records,
      calls: this.#calls,
      refused: part(refused),
      allowed: part(allowed),
      moved: part(moved),
      undecided: part(undecided),
      same: this.#same,
    }
  }

  #outcomeOf(key: string, entry: AuditEntry): Outcome {
    const known = this.#outcomes.get(key)
    if (known !== undefined) return known
    const outcome = replay(entry, this.#judgement)
    if (this.#outcomes.size < rowsMax) this.#outcomes.set(key, outcome)
    return outcome
  }
}

interface Counted {
  count: number
  readonly tally: Tally<ReplayRow>
}

const newPart = (budget: Budget): Counted => ({ count: 0, tally: new Tally(budget) })

/** All that an outcome depends on. */
function keyOf({ kind, caller, target, server, note, warnings, decision, refusal }: AuditEntry) {
  const { name, version, trust, by } = caller ?? {}
  const noted = warnings.filter((one) => one === "exposed" || one === "version_assumed")
  const was = [decision, refusal]
  return JSON.stringify([kind, name, version, trust, by, target, server, note["by"], noted, was])
}

function partOf(
  { decision, refusal, target }: AuditEntry,
  outcome: Outcome,
): "refused" | "allowed" | "moved" | "undecided" | undefined {
  // What failed for another reason than a right says nothing of rights.
  if (decision !== "allow" && !rights.has(refusal ?? "")) return
  switch (outcome.would) {
    case "refuse":
      return decision === "allow" ? "refused" : undefined
    case "allow":
      if (decision !== "allow") return "allowed"
      return outcome.to !== undefined && outcome.to !== target?.version ? "moved" : undefined
    case "undecided":
      return "undecided"
    case "not_run":
      return
  }
}

function rowOf(
  { caller, target, note, decision, refusal, file, line }: AuditEntry,
  outcome: Outcome,
) {
  const { by } = note
  const { name, version } = caller ?? {}
  return {
    caller: caller && { ...(name !== undefined && { name }), version },
    trust: caller?.trust,
    by: caller?.by ?? [],
    via: typeof by === "string" ? by : undefined,
    target,
    was: decision === "allow" ? "allow" : (refusal ?? ""),
    outcome,
    file,
    line,
  }
}
