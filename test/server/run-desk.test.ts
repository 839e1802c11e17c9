import { expect, test } from "vitest"
import { Cancellation } from "../../src/compose/run/cancellation.ts"
import { type Journal, JournalTrouble } from "../../src/compose/run/durable/journal.ts"
import type { Operation } from "../../src/compose/run/durable/operate/verbs.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { RunDesk } from "../../src/server/runs/desk.ts"
import { DurableWorld } from "../support/durable-world.ts"
import { broken, planned, saga, step } from "../support/sagas.ts"

const who = { operator: "kim", reason: "r" }
const ask = {
  id: "ask",
  action: { approve: { message: "May I?", to: "operator", timeoutMs: 60_000 } },
}

/** A run that has come to rest, and the desk at which operators step in. */
async function rested(
  spec: object,
  { isAuditable = true, isWritable = true, isReleasable = true } = {},
) {
  const world = new DurableWorld({ a: { value: [1, 2] }, b: broken })
  world.begin(planned(spec), {})
  await world.settle()
  const notes: JsonObject[] = []
  const { clock } = world
  const journal = new Proxy(world.journal, {
    get(target, name: keyof Journal) {
      if ((name === "append" && !isWritable) || (name === "release" && !isReleasable))
        return async () => {
          throw new JournalTrouble("the disk is full", { kind: "full" })
        }
      const member = target[name]
      return typeof member === "function" ? member.bind(target) : member
    },
  })
  const desk = new RunDesk({
    ...{ journal: () => journal, schemas: world.schemas, clock },
    outputSchemaOf: ({ name }) => (name === "b" ? { type: "object", required: ["b"] } : undefined),
    owner: () => "operator",
    driver: undefined,
    apart: (_, use) => use(),
    account: (note) => notes.push(note) > 0 && isAuditable,
    onAbandoned: () => {},
    goOn: async () => {},
  })
  return { world, desk, notes, operate: (verb: Operation) => desk.operate("run", verb) }
}

test("what cannot be accounted for is not done", async () => {
  const { world, operate, notes } = await rested(saga([ask]), { isAuditable: false })
  const before = await world.story()
  for (const verb of ["answer", "cancel", "compensate"] as const)
    expect(
      await operate({ verb, ...who, ...(verb === "answer" && { action: "accept" as const }) }),
    ).toMatchObject({ ok: false, code: "audit_unavailable" })
  expect(await world.story()).toEqual(before)
  expect(notes.map(({ event }) => event)).toEqual(["answer", "cancel", "compensate"])
  expect(await world.record()).toMatchObject({ status: "waiting" })
})

test("what was accounted for and could not be written is accounted for as failed", async () => {
  const { operate, notes } = await rested(saga([ask]), { isWritable: false })
  await expect(operate({ verb: "cancel", ...who })).rejects.toThrow("the disk is full")
  expect(notes).toMatchObject([
    { event: "cancel" },
    { event: "cancel", failed: "the disk is full" },
  ])
  expect(notes[0]).not.toHaveProperty("failed")
})

test("what was done is told as done where the run could not be given up afterwards", async () => {
  const { world, operate } = await rested(saga([ask]), { isReleasable: false })
  expect(await operate({ verb: "cancel", ...who })).toMatchObject({ ok: true, from: "waiting" })
  expect((await world.story()).slice(-3)).toContain("op ")
})

test("nobody answers after the time for it, though nothing has gone on meanwhile", async () => {
  const { world, desk, operate, notes } = await rested(saga([ask]))
  const shown = async () => Object(await desk.show("run")).run
  expect(await shown()).toMatchObject({
    questions: [{ step: "ask", to: "operator", message: "May I?" }],
    possible: expect.arrayContaining([{ verb: "answer", step: "ask", action: "accept" }]),
  })
  await world.clock.until(world.clock.sleep(60_000, new Cancellation()))
  expect(await operate({ verb: "answer", ...who, action: "accept" })).toMatchObject({
    code: "not_now",
    message: expect.stringMatching(
      /step ask could be answered until .*, and counts as not answered/,
    ),
  })
  expect((await shown()).questions).toEqual([])
  expect(notes).toEqual([])
})

test("what stands for all items of a step is a list of what its tool gives", async () => {
  const each = step("b", { forEach: { constant: [{ n: 1 }, { n: 2 }] } })
  const { operate } = await rested(saga([step("a", { pivot: true }), each]))
  const skip = (output: Operation["output"]) =>
    operate({ verb: "skip-step", step: "b", ...who, ...(output !== undefined && { output }) })
  for (const output of [undefined, { b: 1 }, [{ b: 1 }, {}]])
    expect(await skip(output)).toMatchObject({ code: "misfit" })
  expect(await skip([{ b: 1 }, { b: 2 }])).toMatchObject({ ok: true })
})
