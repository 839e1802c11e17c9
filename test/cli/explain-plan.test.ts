import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { makeWorld } from "../support/e2e-gateway.ts"
import { agentOf, documentOf, sourceTool, toolDependency } from "../support/registries.ts"

const example = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../compose/examples/${name}.json`), "utf8"))
const reading = { annotations: { readOnlyHint: true } }
const brief = example("brief-topic")
const giving = (properties: object) => ({
  outputSchema: { type: "object", properties, required: Object.keys(properties) },
})
const found = {
  results: {
    type: "array",
    items: {
      type: "object",
      properties: { title: { type: "string" }, url: { type: "string" } },
      required: ["title", "url"],
    },
  },
}

const world = makeWorld({
  registry: JSON.stringify(
    documentOf(
      [
        sourceTool("search_web", {
          source: {
            server: "s",
            serverVersion: "1.0.0",
            tool: "search_web",
            defaults: { token: "${SEARCH_TOKEN:-none}" },
            hideFields: ["token"],
          },
          version: "2.1.0",
          ...reading,
          ...giving(found),
        }),
        sourceTool("search_documents", { ...reading, ...giving(found) }),
        sourceTool("fetch", {
          version: "1.2.3",
          ...reading,
          ...giving({ title: { type: "string" }, text: { type: ["string", "null"] } }),
        }),
        sourceTool("create_document", {
          version: "1.1.3",
          ...giving({ id: { type: "integer" } }),
        }),
        brief,
      ],
      {
        agents: [
          agentOf("writer", [toolDependency("brief_topic"), toolDependency("search_documents")]),
        ],
      },
    ),
  ),
})
afterAll(() => rmSync(world.folder, { recursive: true }))

const explain = (...args: string[]) => command(["explain", "--config", world.configFile, ...args])

describe("postern explain --tool", () => {
  test("says what a composition is, who sees it, what it may call, and how it runs", async () => {
    const { code, stdout, stderr } = await explain("--tool", "brief_topic")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    await expect(stdout).toMatchFileSnapshot("golden/explain/brief-topic.txt")
  })

  test("draws it for Mermaid", async () => {
    const { code, stdout, stderr } = await explain("--tool", "brief_topic", "--format", "mermaid")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    await expect(stdout).toMatchFileSnapshot("golden/explain/brief-topic.mermaid")
  })

  test("gives the plan as data", async () => {
    const { stdout } = await explain("--tool", "brief_topic@1.0.0", "--json")
    expect(JSON.parse(stdout)).toMatchObject({
      tool: { name: "brief_topic", version: "1.0.0", annotations: { readOnlyHint: false } },
      route: { kind: "composition", pattern: "pipeline" },
      seenBy: [{ name: "writer", version: "1.0.0" }],
      plan: { root: { kind: "pipeline", steps: [{ id: "web", after: [] }, {}, {}, {}] } },
    })
  })

  test("gives what flows as schemas", async () => {
    const { stdout } = await explain("--tool", "brief_topic", "--json")
    const { types } = JSON.parse(stdout)
    expect(types.input).toEqual({
      type: "object",
      properties: { topic: { type: "string" }, limit: { type: "integer" } },
      required: ["topic"],
    })
    expect(Object.keys(types.steps)).toEqual(["web", "docs", "pages", "store"])
    expect(types.steps.pages).toEqual({
      input: {
        type: "object",
        properties: { url: { type: "string" } },
        required: ["url"],
        additionalProperties: false,
      },
      output: { type: "array", items: expect.objectContaining({ type: "object" }), maxItems: 5 },
    })
  })

  test("keeps to itself what tools are given by the environment", async () => {
    const token = "s3cr3t-of-the-environment"
    const env = { SEARCH_TOKEN: token }
    for (const how of [[], ["--json"], ["--format", "mermaid"]]) {
      const args = ["explain", "--config", world.configFile, "--tool", "brief_topic", ...how]
      const { code, stdout, stderr } = await command(args, env)
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).not.toContain(token)
    }
  })

  test("says the plan to an agent that may call it, below the reason", async () => {
    const { code, stdout } = await explain("--tool", "brief_topic", "--agent", "writer@1.0.0")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ brief_topic@1\.0\.0 — writer@1\.0\.0 depends on it$/m)
    expect(stdout).toMatch(/^ {2}order {5}web \+ docs → pages → store$/m)
  })

  test("and no plan to one that may not", async () => {
    const { code, stdout } = await explain("--tool", "fetch", "--agent", "writer@1.0.0")
    expect(code).toBe(1)
    expect(stdout).toContain("brief_topic@1.0.0 may call it for writer@1.0.0")
    expect(stdout).not.toContain("order")
  })

  test("says of any other tool where its calls go", async () => {
    const { code, stdout } = await explain("--tool", "search_documents")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}seen by {3}writer@1\.0\.0$/m)
    expect(stdout).toMatch(/^ {2}goes to search_documents of s@1\.0\.0, which has no address/m)
    const drawn = await explain("--tool", "search_documents", "--format", "mermaid")
    expect(drawn).toMatchObject({ code: 1, stdout: "" })
    expect(drawn.stderr).toContain("is no composition")
  })

  test.each([
    ["a tool that nobody registered", ["--tool", "brief_topik"], 1, "did you mean brief_topic?"],
    ["another version", ["--tool", "brief_topic@9.0.0"], 1, "there is 1.0.0"],
    ["nothing to explain", [], 2, "--agent NAME@VERSION or --tool NAME is missing"],
    ["an unknown format", ["--tool", "fetch", "--format", "svg"], 2, "one of text, mermaid"],
    ["a drawing of an agent", ["--agent", "writer@1.0.0", "--format", "mermaid"], 2, "--tool NAME"],
  ])("%s is told", async (_, args, code, words) => {
    const answer = await explain(...args)
    expect(answer.code).toBe(code)
    expect(answer.stdout + answer.stderr).toContain(words)
  })
})
