import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import type { StoredEvent } from "../../../../src/compose/run/durable/event.ts"
import { RunState } from "../../../../src/compose/run/durable/state.ts"
import { MemoryJournal } from "../../../../src/store/journal/memory-journal.ts"
import { openSqliteJournal } from "../../../../src/store/journal/sqlite/open.ts"
import type { Answer, Tool } from "../../../support/composition-world.ts"
import { drawn, type Mutant, sagas, violations } from "../../../support/random-sagas.ts"

const folder = mkdtempSync(join(tmpdir(), "random-sagas-"))
afterAll(() => rmSync(folder, { recursive: true }))

describe("random sagas, with random faults and a process that dies at random writes,", () => {
  test("end all done or all undone, with nothing done twice", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (sketch) => {
        expect(await violations(sketch, new MemoryJournal())).toEqual([])
      }),
      { numRuns: sagas },
    )
  })

  test("do so when all but the journal is thrown away after every outcome", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (sketch) => {
        expect(await violations(sketch, new MemoryJournal(), { isReplay: true })).toEqual([])
      }),
      { numRuns: Math.ceil(sagas / 2) },
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
      { numRuns: Math.ceil(sagas / 10) },
    )
  })
})

/** Each is an engine with one fault, and how the books show it. */
const mutants: readonly (readonly [string, Mutant, RegExp])[] = [
  [
    "a key for each attempt",
    {
      doing: answered((tool, input, call, nth) =>
        tool(input, { ...call, key: `${call.key}#${nth}` }, nth),
      ),
    },
    /was done \d times/,
  ],
  [
    "unknown outcomes taken for failures",
    { doing: answered(takenForNone("unknown")) },
    /not undone/,
  ],
  ["bad results taken for nothing done", { doing: answered(takenForNone("done")) }, /not undone/],
  [
    "what was sent to be undone taken for undone",
    {
      undoing: answered((tool, ...call) => {
        tool(...call)
        return { value: {} }
      }),
    },
    /not undone/,
  ],
  ["no intents", { keeps: ({ kind }) => kind !== "intent" && kind !== "unknown" }, /not undone/],
  [
    "things undone in the order of the document",
    { stateOf: (events) => new Unsorted(events) },
    /undone as/,
  ],
]

/** Takes the last step of the document for the one that was done last. */
class Unsorted extends RunState {
  constructor(events: readonly StoredEvent[]) {
    super()
    for (const event of events) this.apply(event)
  }

  override endSeq(path: string): number | undefined {
    return super.endSeq(path) === undefined ? undefined : path.charCodeAt(0)
  }
}

type Scripted = Exclude<Tool, Answer>

function answered(mutation: (tool: Scripted, ...call: Parameters<Scripted>) => Answer) {
  return (tool: Tool): Tool => {
    const script: Scripted = typeof tool === "function" ? tool : () => tool
    return (input, call, nth) => mutation(script, input, call, nth)
  }
}

function takenForNone(effect: "unknown" | "done") {
  return (tool: Scripted, ...call: Parameters<Scripted>): Answer => {
    const answer = tool(...call)
    const { fail } = answer
    return fail?.effect === effect ? { ...answer, fail: { ...fail, effect: "none" } } : answer
  }
}

test.each(mutants)("the books show %s", async (_, mutant, words) => {
  const found = await fc.check(
    fc.asyncProperty(drawn, async (sketch) => {
      return (await violations(sketch, new MemoryJournal(), mutant)).length === 0
    }),
    { numRuns: 400, endOnFailure: true },
  )
  const [sketch] = found.counterexample ?? []
  if (sketch === undefined) throw new Error("nobody has seen it")
  const seen = await violations(sketch, new MemoryJournal(), mutant)
  expect(seen).toContainEqual(expect.stringMatching(words))
})
