import { expect, test } from "vitest"
import type { RunEvent } from "../../src/compose/run/durable/event.ts"
import {
  checkTransition,
  isTerminal,
  type RunStatus,
  runStatuses,
} from "../../src/compose/run/durable/status.ts"
import { read, rows } from "./pages.ts"

const sections = read("docs/reference/durable-runs.md").split(/^## /m)
const section = (title: string) => sections.find((one) => one.startsWith(title)) ?? ""

/** A kind that is not here does not compile. */
const kinds = {
  intent: true,
  ok: true,
  fail: true,
  unknown: true,
  settle: true,
  skip: true,
  begin: true,
  ask: true,
  answer: true,
  undo: true,
  undone: true,
  undofail: true,
  turn: true,
  cancel: true,
  op: true,
} satisfies Record<RunEvent["kind"], true>

test("docs/reference/durable-runs.md has every status, and what may follow it", () => {
  const table = rows(section("Status"))
  expect(table.map(({ name }) => name)).toEqual([...runStatuses])
  for (const { name, cells } of table) {
    const from = runStatuses.find((status) => status === name) ?? "failed"
    const written = runStatuses.filter((to) => cells.at(-1)?.includes(`\`${to}\``))
    expect([from, written]).toEqual([from, runStatuses.filter((to) => isLegal(from, to))])
    expect(isTerminal(from)).toBe(written.length === 0)
  }
})

test("docs/reference/durable-runs.md has every event", () => {
  expect(rows(section("Events")).map(({ name }) => name)).toEqual(Object.keys(kinds))
})

function isLegal(from: RunStatus, to: RunStatus): boolean {
  try {
    checkTransition(from, to, "running")
    return true
  } catch {
    return false
  }
}
