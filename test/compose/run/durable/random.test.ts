import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import type { Plan } from "../../../../src/compose/plan/plan.ts"
import { isOutcome, type StoredEvent } from "../../../../src/compose/run/durable/event.ts"
import type { Journal } from "../../../../src/compose/run/durable/journal.ts"
import { MemoryJournal } from "../../../../src/store/journal/memory-journal.ts"
import { openSqliteJournal } from "../../../../src/store/journal/sqlite-journal.ts"
import { type Answer, effectful, reading, type Tool } from "../../../support/composition-world.ts"
import { type Death, DurableWorld } from "../../../support/durable-world.ts"
import { planOf } from "../../../support/plans.ts"
import { announces, disorder, type Fault, Ledger } from "../../../support/saga-ledger.ts"

const folder = mkdtempSync(join(tmpdir(), "random-sagas-"))
afterAll(() => rmSync(folder, { recursive: true }))

const letters = ["a", "b", "c", "d", "e"]

interface DrawnStep {
  readonly after: readonly number[]
  readonly kind: "call" | "items" | "nested"
  readonly onUnknown: "retry" | "compensate" | "probe"
  readonly isUndone: boolean
  readonly isOptional: boolean
}

interface Drawn {
  readonly steps: readonly DrawnStep[]
  readonly isGraph: boolean
  /** The steps that refuse, whoever asks. */
  readonly refusing: readonly number[]
  /** What becomes of each call, in turn; then all is well. */
  readonly faults: readonly Fault[]
  /** At which writes the process ends. */
  readonly deaths: readonly Death[]
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  steps: fc.array(
    fc.record<DrawnStep>({
      after: fc.array(fc.nat(4), { maxLength: 2 }),
      kind: fc.constantFrom("call", "call", "call", "items", "nested"),
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
})

function specOf({ steps, isGraph }: Drawn): object {
  const written = steps.map((step, index) =>
    stepOf(step, letters[index] ?? "", letters[index] ?? ""),
  )
  return {
    saga: {
      steps: written.map((one, index) =>
        isGraph ? { ...one, after: afterOf(steps[index]?.after ?? [], index) } : one,
      ),
    },
  }
}

const afterOf = (after: readonly number[], index: number) =>
  [...new Set(after.filter((other) => other < index))].map((other) => letters[other] ?? "")

function stepOf(
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
interface Mutant {
  readonly tool?: (tool: Tool) => Tool
}

/** Instead of the deaths that were drawn: all that is in memory is thrown away after every outcome. */
const alwaysReplay = (events: readonly StoredEvent[]): Death =>
  events.some(isOutcome) ? "after" : undefined

/** Runs what was drawn to its end, through all crashes; what is wrong with it. */
async function violations(
  sketch: Drawn,
  journal: Journal,
  { tool: mutate = (tool) => tool, isReplay = false }: Mutant & { isReplay?: boolean } = {},
): Promise<readonly string[]> {
  const written: StoredEvent[] = []
  let [call, write] = [0, 0]
  const refusing = new Set(sketch.refusing.map((index) => `do_${letters[index] ?? ""}`))
  const ledger = new Ledger(
    (tool) => (refusing.has(tool) ? "refuses" : (sketch.faults[call++] ?? "none")),
    (key) => announces(written, key),
  )
  const tools = names.flatMap((id) => [
    [`do_${id}`, mutate(ledger.doing(id))] as const,
    [`undo_${id}`, ledger.undoing(id)] as const,
  ])
  const world = new DurableWorld(
    { find: ledger.finding(), ...Object.fromEntries(tools) },
    {
      journal,
      limits: { maxUnknowns: 1_000, maxRecoveries: 1_000 },
      dies: (events) => {
        const death = isReplay ? alwaysReplay(events) : sketch.deaths[write++]
        if (death !== "before") written.push(...events)
        return death
      },
    },
  )
  await world.begin(plans(sketch))
  const { status } = await world.settle()
  const events = await journal.events("run")
  return [
    ...ledger.violations,
    ...disorder(events),
    ...amiss(sketch, status, ledger),
    ...(world.clock.timers === 0 || isReplay || sketch.deaths.length > 0
      ? []
      : ["timers are left"]),
  ]
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
    const own = { call: [id], items: [`${id}1`, `${id}2`], nested: [`${id}x`, `${id}y`] }[kind]
    const done = own.filter(isDone)
    if (status === "completed")
      return isOptional || done.length === own.length ? [] : `of ${id} is done: ${done.join()}`
    return isUndone && done.length > 0 ? `not undone: ${done.join()}` : []
  })
  return [...twice, ...wrong]
}

const runs = Number(process.env["SAGAS"] ?? 200)

describe("random sagas, with random faults and a process that dies at random writes,", () => {
  test("end all done or all undone, with nothing done twice", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (sketch) => {
        expect(await violations(sketch, new MemoryJournal())).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  test("do so when all but the journal is thrown away after every outcome", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (sketch) => {
        expect(await violations(sketch, new MemoryJournal(), { isReplay: true })).toEqual([])
      }),
      { numRuns: Math.ceil(runs / 2) },
    )
  })

  test("do so in SQLite, too", async () => {
    let file = 0
    await fc.assert(
      fc.asyncProperty(drawn, async (sketch) => {
        const journal = openSqliteJournal(join(folder, `${++file}.db`), { synchronous: "NORMAL" })
        try {
          expect(await violations(sketch, journal)).toEqual([])
        } finally {
          await journal.close()
        }
      }),
      { numRuns: Math.ceil(runs / 10) },
    )
  })
})

/** Each is an engine with one fault, and the books must show it. */
const mutants: readonly (readonly [string, Mutant])[] = [
  [
    "a key for each attempt",
    {
      tool: answered((tool, input, call, nth) =>
        tool(input, { ...call, key: `${call.key}#${nth}` }, nth),
      ),
    },
  ],
  [
    "unknown outcomes taken for failures",
    {
      tool: answered((tool, input, call, nth) => {
        const answer = tool(input, call, nth)
        const { fail } = answer
        return fail?.effect === "unknown"
          ? { ...answer, fail: { ...fail, effect: "none" } }
          : answer
      }),
    },
  ],
  [
    "bad results taken for nothing done",
    {
      tool: answered((tool, input, call, nth) => {
        const answer = tool(input, call, nth)
        const { fail } = answer
        return fail?.effect === "done" ? { ...answer, fail: { ...fail, effect: "none" } } : answer
      }),
    },
  ],
]

type Scripted = Exclude<Tool, Answer>

function answered(mutation: (tool: Scripted, ...call: Parameters<Scripted>) => Answer) {
  return (tool: Tool): Tool => {
    const script: Scripted = typeof tool === "function" ? tool : () => tool
    return (input, call, nth) => mutation(script, input, call, nth)
  }
}

test.each(mutants)("the books show %s", async (_, mutant) => {
  const found = await fc.check(
    fc.asyncProperty(drawn, async (sketch) => {
      return (await violations(sketch, new MemoryJournal(), mutant)).length === 0
    }),
    { numRuns: 400, endOnFailure: true },
  )
  expect(found.failed).toBe(true)
})
