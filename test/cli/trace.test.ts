import { afterAll, beforeAll, expect, test } from "vitest"
import { timelineLines } from "../../src/cli/timeline.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { command } from "../support/command.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { agentOf, documentOf, sourceTool, toolDependency } from "../support/registries.ts"

const read = { annotations: { readOnlyHint: true } }
const depends = ["echo", "broken"].map((name) => toolDependency(name))
const composed = (name: string, spec: object) => ({
  ...{ name, version: "1.0.0", depends, inputSchema: { type: "object" } },
  spec,
})
const echo = { operation: { tool: { name: "echo" } } }
const broken = { operation: { tool: { name: "broken" } } }
const registry = JSON.stringify(
  documentOf(
    [
      sourceTool("echo", read),
      sourceTool("broken", read),
      composed("three", {
        pipeline: {
          steps: [
            { id: "first", ...echo, input: { path: "$" } },
            { id: "beside", ...echo, input: { path: "$" }, when: "false" },
            { id: "last", ...echo, input: { reference: { step: "first" } } },
          ],
        },
      }),
      composed("failing", {
        pipeline: {
          steps: [
            { id: "first", ...echo },
            { id: "second", ...broken },
            { id: "third", ...echo },
          ],
        },
      }),
      composed("each", {
        pipeline: { steps: [{ id: "items", ...echo, forEach: { path: "$.list" } }] },
      }),
    ],
    {
      agents: [
        agentOf(
          "a",
          ["echo", "three", "failing", "each"].map((name) => toolDependency(name)),
        ),
      ],
    },
  ),
)

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend({
    broken: ({ send }) =>
      send({
        result: { content: [{ type: "text", text: "no" }], isError: true, resultType: "complete" },
      }),
  })
  gateway = await startGateway({ registry, servers: { "s:1.0.0": { url: backend.url } } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

/** The timeline below the result, without what differs from run to run. */
async function traced(era: string, tool: string, args: object) {
  const { stdout, code } = await command([
    ...["call", tool, "--trace", "--agent", "a@1.0.0", "--url", gateway.url],
    ...["--era", era, "--args", JSON.stringify(args)],
  ])
  const lines = stdout.split("\n").filter((line) => line.includes("│") || line.includes("(run "))
  const plain = lines.map((line) =>
    line
      .replace(/│[█ ]{30}│/, "│…│")
      .replace(/ *[\d.]+ ms/g, " N ms")
      .replace(/\+ N/, "+N")
      .replace(/run [\w-]+/, "run ID")
      .replace(/ +/g, " "),
  )
  return { code, lines: plain }
}

test.each(["legacy", "modern"])("a composition has a line for each step (%s)", async (era) => {
  expect(await traced(era, "three", { q: "x" })).toEqual({
    code: 0,
    lines: [
      "three: completed, answered in N ms (run ID)",
      expect.stringMatching(/^ first \+N ms │…│ N ms ok$/),
      expect.stringMatching(/^ beside .*│.*│.* skipped$/),
      expect.stringMatching(/^ last \+N ms │…│ N ms ok$/),
    ],
  })
})

test.each(["legacy", "modern"])(
  "a step that failed says why, and what came after it did not start (%s)",
  async (era) => {
    const { code, lines } = await traced(era, "failing", { q: "x" })
    expect(code).toBe(1)
    expect(lines[2]).toMatch(/^ second .* failed tool: TOOL_ERROR$/)
    expect(lines[3]).toMatch(/^ third .* not started$/)
  },
)

test("items are counted", async () => {
  const { lines } = await traced("modern", "each", { list: [{ a: 1 }, { a: 2 }] })
  expect(lines[1]).toMatch(/^ items .* ok .*items: /)
})

test.each(["legacy", "modern"])("any other tool has one line (%s)", async (era) => {
  const { lines } = await traced(era, "echo", { q: "x" })
  expect(lines).toEqual([expect.stringMatching(/^ echo \+N ms │…│ N ms ok$/)])
})

test("with --json the trace is in the result", async () => {
  const { stdout } = await command([
    ...["call", "three", "--trace", "--json", "--agent", "a@1.0.0", "--url", gateway.url],
    ...["--args", '{"q":"x"}'],
  ])
  const run = JSON.parse(stdout)._meta["dev.postern/run"]
  expect(run).toMatchObject({ status: "completed", steps: [{ id: "first", status: "ok" }, {}, {}] })
})

test("is drawn to scale, whatever a server says under the gateway's name", () => {
  const steps: readonly [JsonObject, JsonObject] = [
    { id: "a", startMs: 0, ms: 50, status: "ok", attempts: 1 },
    {
      id: "bcd",
      startMs: 50,
      ms: 50,
      status: "failed",
      attempts: 3,
      error: { class: "timeout", code: "TIMEOUT" },
    },
  ]
  const run = { id: "r1", status: "failed", steps, more: 7 }
  expect(timelineLines("t", { _meta: { "dev.postern/run": run } }, 101)).toEqual([
    "t: failed, answered in 101 ms (run r1)",
    `  a     +0.0 ms  │${"█".repeat(15)}${" ".repeat(15)}│  50.0 ms  ok`,
    `  bcd  +50.0 ms  │${" ".repeat(15)}${"█".repeat(15)}│  50.0 ms  failed  3 attempts  timeout: TIMEOUT`,
    "  … and 7 more",
  ])
  const [{ startMs: _, ...durable }] = steps
  expect(timelineLines("t", { _meta: { "dev.postern/run": { steps: [durable] } } }, 101)[1]).toBe(
    "  a  50.0 ms  ok",
  )
  const odd = { steps: [{ id: 1, startMs: "x", ms: -5, status: null, attempts: {} }, 7] }
  expect(timelineLines("t", { _meta: { "dev.postern/run": odd } }, 1)).toHaveLength(2)
})
