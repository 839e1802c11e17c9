import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { validate } from "../../../src/compose/validate.ts"
import { contractOf } from "../../../src/portable/import/contract.ts"
import { merge } from "../../../src/portable/import/merge.ts"
import type { FoundServer, Merging } from "../../../src/portable/import/merging.ts"
import { emptyLock } from "../../../src/registry/pins/lock.ts"
import { editText } from "../../../src/registry/write/edit-text.ts"
import type { JsonObject } from "../../../src/schema/json.ts"

const empty = '{ "schemaVersion": "2.0" }'

const around: Omit<Merging, "document" | "lock" | "found"> = {
  agent: { ref: { name: "me", version: "1.0.0" }, isNamed: true },
  prune: false,
  isAccepted: true,
  approval: { by: "me", reason: "a test", at: "2026-01-01T00:00:00.000Z" },
  pinning: { volatileMeta: [] },
  refused: new Map(),
}

const toolNames = fc.constantFrom("search", "read", "a b", "a_b", "constructor", "__proto__", "x/y")
const definition = fc.record({
  name: toolNames,
  description: fc.constantFrom("one", "two", "th\u200bree"),
  inputSchema: fc.constantFrom<JsonObject>(
    {},
    { type: "object" },
    { type: "object", properties: { q: { type: "string" } } },
  ),
})
const server = fc.record({
  name: fc.constantFrom("docs", "wiki", "ns/files"),
  version: fc.constantFrom("1.0.0", "1.1.0", "2024-11", undefined),
  tools: fc.uniqueArray(definition, { selector: ({ name }) => name, maxLength: 5 }),
})
const world = fc.uniqueArray(server, { selector: ({ name }) => name, maxLength: 3 })

const foundOf = (said: Pick<FoundServer, "name" | "version" | "tools">): FoundServer => ({
  ...said,
  configured: undefined,
  description: undefined,
  words:
    said.version === undefined ? {} : { serverInfo: { name: said.name, version: said.version } },
})

describe("merging what servers say into a registry", () => {
  test("is sound, says what servers say, and is done when it was done once", () => {
    fc.assert(
      fc.property(
        fc.array(world, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (worlds, prune) => {
          let text = empty
          let lock = emptyLock
          for (const servers of worlds) {
            const found = servers.map(foundOf)
            const step = (document: string, pins: typeof lock) =>
              merge({ ...around, prune, found, lock: pins, document: JSON.parse(document) })
            const made = step(text, lock)
            text = editText(text, made.edits)
            lock = made.lock
            const errors = validate(text).problems.filter(({ severity }) => severity === "error")
            expect(errors).toEqual([])
            const again = step(text, lock)
            expect(again.edits).toEqual([])
            expect(again.lock).toEqual(lock)
            for (const { name, tools } of found) {
              const entry = JSON.parse(text).servers.find((one: JsonObject) => one["name"] === name)
              for (const tool of tools.filter(({ description }) => description !== "th\u200bree")) {
                const provision = entry.provides.find(
                  (one: JsonObject) => one["tool"] === tool["name"],
                )
                expect(contractOf(provision)).toEqual(contractOf(tool))
              }
            }
          }
        },
      ),
    )
  })

  test("adds, and touches nothing that was there, where changes are not accepted", () => {
    fc.assert(
      fc.property(world, world, (before, after) => {
        const first = merge({
          ...around,
          found: before.map(foundOf),
          lock: emptyLock,
          document: JSON.parse(empty),
        })
        const text = editText(empty, first.edits)
        const second = merge({
          ...around,
          isAccepted: false,
          prune: true,
          found: after.map(foundOf),
          lock: first.lock,
          document: JSON.parse(text),
        })
        expect(second.edits.filter(({ op }) => op !== "append")).toEqual([])
        for (const pin of first.lock.servers) {
          const kept = second.lock.servers.find(
            ({ server: { name, version } }) =>
              name === pin.server.name && version === pin.server.version,
          )
          expect(kept?.tools).toEqual(expect.arrayContaining([...pin.tools]))
        }
      }),
    )
  })
})
