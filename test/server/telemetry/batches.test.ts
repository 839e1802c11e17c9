import { expect, test } from "vitest"
import { Batches } from "../../../src/server/telemetry/otlp/batches.ts"

test("a batch that is full is worked out after whoever filled it is done, and nothing is lost", async () => {
  const texts: string[] = []
  const batches = new Batches<number>({
    queueMax: 5,
    batchMax: 2,
    delayMs: 60_000,
    textOf: (batch) => {
      texts.push(batch.join())
      return ""
    },
    send: async () => ({ ok: true, rejected: 0 }),
    onBug: (error) => expect.unreachable(String(error)),
  })
  for (const item of [1, 2, 3, 4, 5, 6]) batches.push(item)
  expect(texts).toEqual([])
  expect(batches.counts).toEqual({ sent: 0, dropped: 1, refused: 0, failed: 0 })
  await batches.end()
  expect(texts).toEqual(["1,2", "3,4", "5"])
  expect(batches.counts).toMatchObject({ sent: 5, dropped: 1 })
  expect(batches.waiting).toBe(0)
})
