import { Writable } from "node:stream"
import { setImmediate as turn } from "node:timers/promises"
import { expect, test } from "vitest"
import { LineWriter } from "../../../src/mcp/backend/stdio/line-writer.ts"

/** A pipe that notes its pieces, and takes the next one when it is told to. */
function openPipe() {
  const pieces: string[] = []
  const taken: (() => void)[] = []
  const pipe = new Writable({
    decodeStrings: false,
    highWaterMark: 16,
    write(piece: string, _, done) {
      pieces.push(piece)
      taken.push(done)
    },
  })
  return { pipe, pieces, take: () => taken.shift()?.() }
}

test("lines of one turn are written in one piece, those of the next in another", async () => {
  const { pipe, pieces, take } = openPipe()
  const writer = new LineWriter(pipe)
  writer.put("one")
  writer.put("two")
  expect(pieces).toEqual([])
  await turn()
  take()
  writer.put("three")
  await turn()
  expect(pieces).toEqual(["one\ntwo\n", "three\n"])
})

test("much is written at once, so that it is known whether the other end reads", () => {
  const { pipe, pieces, take } = openPipe()
  const writer = new LineWriter(pipe)
  expect(writer.isStalled).toBe(false)
  writer.put("x".repeat(20_000))
  expect(pieces).toEqual([`${"x".repeat(20_000)}\n`])
  expect(writer.isStalled).toBe(true)
  take()
})

test("what was put is written before the end", async () => {
  const { pipe, pieces, take } = openPipe()
  const writer = new LineWriter(pipe)
  writer.put("last words")
  writer.end()
  take()
  await turn()
  expect(pieces).toEqual(["last words\n"])
  expect(pipe.writableEnded).toBe(true)
})
