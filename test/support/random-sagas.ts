import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import type { Plan } from "../../src/compose/plan/plan.ts"
import { isOutcome, type StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Journal } from "../../src/compose/run/durable/journal.ts"
import { RunState } from "../../src/compose/run/durable/state.ts"
import { effectful, reading, type Tool } from "./composition-world.ts"
import { type Death, DurableWorld } from "./durable-world.ts"
import { planOf } from "./plans.ts"
import { announces, disorder, type Fault, Ledger } from "./saga-ledger.ts"

/** How many are tried: some hundred take a second or two, thousands find more. */
export const sagas = Number(process.env["SAGAS"] ?? 200)

const letters = ["a", "b", "c", "d", "e"]

interface DrawnStep {
  readonly after: readonly number[]
  /** `several`: calls that only together are the step, and so is what undoes them. */
  readonly kind: "call" | "items" | "nested" | "several"
  readonly onUnknown: "retry" | "compensate" | "probe"
  readonly isUndone: boolean
  readonly isOptional: boolean
}

export interface Drawn {
  readonly steps: readonly DrawnStep[]
  readonly isGraph: boolean
  /** The steps that refuse, whoever asks. */
  readonly refusing: readonly number[]
  /** What becomes of each call, in turn; then all is well. */
  readonly faults: readonly Fault[]
  /** At which writes the process ends. */
  readonly deaths: readonly Death[]
  /** Until the next one goes on. */
  readonly outageMs: number
  /** Of forward work. */
  readonly deadlineMs: number | undefined
}

export const drawn: fc.Arbitrary<Drawn> = fc.record({
  steps: fc.array(
    fc.record<DrawnStep>({
      after: fc.array(fc.nat(4), { maxLength: 2 }),
      kind: fc.constantFrom("call", "call", "call", "items", "nested", "several"),
      onUnknown: fc.constantFrom("retry", "compensate", "probe"),
      isUndone: fc.constantFrom(true, true, true, false),
      isOptional: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: letters.length },
  ),
  isGraph: fc.boolean(),
  refusing: fc.array(fc.nat(4), { maxLength: 1 }),
  faults: fc.array(
    fc.constantFrom<Fault>(
      ...(["none", "none", "none", "lostRequest", "lostResponse", "down", "broken"] as const),
    ),
    { maxLength: 30 },
  ),
  deaths: fc.array(fc.constantFrom<Death>(undefined, undefined, undefined, "before", "after"), {
    maxLength: 30,
  }),
  outageMs: fc.constantFrom(0, 0, 100),
  deadlineMs: fc.constantFrom(undefined, undefined, 20, 500),
})

function specOf({ steps, isGraph, deadlineMs }: Drawn): object {
  const written = steps.map((step, index) =>
    stepOf(step, letters[index] ?? "", letters[index] ?? ""),
  )
  return {
    saga: {
      ...(deadlineMs !== undefined && { timeoutMs: deadlineMs }),
      steps: written.map((one, index) =>
        isGraph ? { ...one, after: afterOf(steps[index]?.after ?? [], index) } : one,
      ),
    },
  }
}

const afterOf = (after: readonly number[], index: number) =>
  [...new Set(after.filter((other) => other < index))].map((other) => letters[other] ?? "")

/** Two calls as one. */
function severally(kind: "pipeline" | "saga" | "scatterGather", does: "do" | "undo", name: string) {
  const parts = ["x", "y"].map((id) => ({
    id,
    call: { tool: { name: `${does}_${id}` } },
    input: { construct: { fields: { account: { constant: `${name}${id}` } } } },
  }))
  const steps = (key: string) => parts.map(({ id, call, input }) => ({ id, input, [key]: call }))
  if (kind === "pipeline") return { pattern: { pipeline: { steps: steps("operation") } } }
  if (kind === "saga") return { pattern: { saga: { steps: steps("action") } } }
  const targets = parts.map(({ id, call, input }) => ({ id, ...call, input }))
  return { pattern: { scatterGather: { targets } } }
}

function severalOf({ onUnknown, isUndone, isOptional }: DrawnStep, id: string): object {
  const undoneBy = ({ retry: "pipeline", compensate: "saga", probe: "scatterGather" } as const)[
    onUnknown
  ]
  return {
    ...{ id, action: severally("pipeline", "do", id) },
    onUnknown: onUnknown === "probe" ? "retry" : onUnknown, // nothing tells of both in one
    ...(isUndone && { compensate: severally(undoneBy, "undo", id) }),
    ...(isOptional && { onError: { output: { constant: null } } }),
  }
}

function stepOf(step: DrawnStep, id: string, account: string): object {
  return step.kind === "several" ? severalOf(step, id) : singleOf(step, id, account)
}

function singleOf(
  { kind, onUnknown, isUndone, isOptional }: DrawnStep,
  id: string,
  account: string,
): object {
  const fields = { account: { constant: account } }
  const own = { construct: { fields } }
  const items = {
    construct: {
      fields: {
        account: { template: { template: `${account}{n}`, vars: { n: { item: { path: "$" } } } } },
      },
    },
  }
  const inner = { onUnknown, isUndone, isOptional: false, kind: "call", after: [] } as const
  const probe = {
    probe: { tool: { name: "find" } },
    input: { self: { path: "$" } },
    done: "item.found",
  }
  const action =
    kind === "nested"
      ? {
          pattern: {
            saga: { steps: [stepOf(inner, "x", `${account}x`), stepOf(inner, "y", `${account}y`)] },
          },
        }
      : { tool: { name: `do_${id}` } }
  return {
    id,
    action,
    ...(kind === "items"
      ? { forEach: { constant: [1, 2] }, concurrency: 2, input: items }
      : { input: own }),
    ...(kind !== "nested" && { onUnknown: onUnknown === "probe" ? probe : onUnknown }),
    ...(kind !== "nested" &&
      isUndone && { compensate: { tool: { name: `undo_${id}` }, input: { self: { path: "$" } } } }),
    ...(isOptional && { onError: { output: { constant: null } } }),
  }
}

const names = [...letters, "x", "y"]
const registered = {
  find: reading,
  ...Object.fromEntries(
    names.flatMap((id) => [
      [`do_${id}`, effectful],
      [`undo_${id}`, effectful],
    ]),
  ),
}
const plans = (sketch: Drawn): Plan =>
  planOf({ spec: JSON.parse(JSON.stringify(specOf(sketch))) }, { tools: registered })

/** What a broken engine would do. */
export interface Mutant {
  /** With what a call that does something comes to. */
  readonly doing?: (tool: Tool) => Tool
  readonly undoing?: (tool: Tool) => Tool
  /** What it writes. */
  readonly keeps?: (event: StoredEvent) => boolean
  /** What it makes of what was written. */
  readonly stateOf?: (events: readonly StoredEvent[]) => RunState
}

const sound: Required<Mutant> = {
  doing: (tool) => tool,
  undoing: (tool) => tool,
  keeps: () => true,
  stateOf: RunState.of,
}

/** Instead of the deaths that were drawn: all that is in memory is thrown away after every outcome. */
const alwaysReplay = (events: readonly StoredEvent[]): Death =>
  events.some(isOutcome) ? "after" : undefined

/** Runs what was drawn to its end, through all crashes; what is wrong with it. */
export async function violations(
  sketch: Drawn,
  journal: Journal,
  { isReplay = false, ...mutant }: Mutant & { isReplay?: boolean } = {},
): Promise<readonly string[]> {
  const { doing, undoing, keeps, stateOf } = { ...sound, ...mutant }
  const written: StoredEvent[] = []
  let [call, write] = [0, 0]
  const refusing = new Set(sketch.refusing.map((index) => `do_${letters[index] ?? ""}`))
  const ledger = new Ledger(
    (tool) => (refusing.has(tool) ? "refuses" : (sketch.faults[call++] ?? "none")),
    (key) => mutant.keeps !== undefined || announces(written, key),
  )
  const tools = names.flatMap((id) => [
    [`do_${id}`, doing(ledger.doing(id))] as const,
    [`undo_${id}`, undoing(ledger.undoing(id))] as const,
  ])
  const world = new DurableWorld(
    { find: ledger.finding(), ...Object.fromEntries(tools) },
    {
      ...{ journal: forgetful(journal, keeps), stateOf, outageMs: sketch.outageMs },
      limits: { maxUnknowns: 1_000, maxRecoveries: 1_000 },
      dies: (events) => {
        const death = isReplay ? alwaysReplay(events) : sketch.deaths[write++]
        if (death !== "before") written.push(...events)
        return death
      },
    },
  )
  world.begin(plans(sketch))
  const { status } = await world.settle()
  const events = await journal.events("run")
  const isSame = mutant.keeps !== undefined || isDeepStrictEqual(plain(events), plain(written))
  return [
    ...ledger.violations,
    ...disorder(events),
    ...amiss(sketch, status, ledger),
    ...(isSame ? [] : ["what is read is not what was written"]),
    ...(world.clock.timers === 0 || isReplay || sketch.deaths.length > 0
      ? []
      : ["timers are left"]),
  ]
}

const plain = (events: readonly StoredEvent[]): unknown => JSON.parse(JSON.stringify(events))

/** The same journal, in which what is not kept leaves no gap. */
function forgetful(journal: Journal, keeps: (event: StoredEvent) => boolean): Journal {
  const lost = new Map<number, number>()
  const keptOf = (epoch: number, events: readonly StoredEvent[] = []) =>
    events.flatMap((event) => {
      const before = lost.get(epoch) ?? 0
      if (keeps(event)) return [{ ...event, seq: event.seq - before }]
      lost.set(epoch, before + 1)
      return []
    })
  const append: Journal["append"] = (lease, events, change) =>
    journal.append(lease, keptOf(lease.epoch, events), change)
  const create: Journal["create"] = (run, plan, owner, first) =>
    journal.create(run, plan, owner, { ...first, events: keptOf(1, first?.events) })
  const ours = { append, create }
  return new Proxy(journal, {
    get(_, name) {
      const value: unknown = Reflect.get(name in ours ? ours : journal, name)
      return typeof value === "function" ? value.bind(journal) : value
    },
  })
}

/** The books after the end: all done, all undone, and nothing twice. */
function amiss({ steps }: Drawn, status: string, { accounts }: Ledger): readonly string[] {
  if (status !== "completed" && status !== "compensated") return [`it ended ${status}`]
  const twice = [...accounts].flatMap(([name, { effects }]) =>
    effects > 1 ? `${name} was done ${effects} times` : [],
  )
  const isDone = (name: string) => accounts.get(name)?.isDone === true
  const wrong = steps.flatMap(({ kind, isOptional, isUndone }, index) => {
    const id = letters[index] ?? ""
    const both = [`${id}x`, `${id}y`]
    const own = { call: [id], items: [`${id}1`, `${id}2`], nested: both, several: both }[kind]
    const done = own.filter(isDone)
    if (status === "completed")
      return isOptional || done.length === own.length ? [] : `of ${id} is done: ${done.join()}`
    return isUndone && done.length > 0 ? `not undone: ${done.join()}` : []
  })
  return [...twice, ...wrong]
}
