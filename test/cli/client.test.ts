import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend({
    fails: ({ send }) =>
      send({
        result: {
          isError: true,
          content: [{ type: "text", text: "no such document" }],
          resultType: "complete",
        },
      }),
    colours: ({ text }) => text("\u001b[31mred\u001b[0m\u202e"),
    forged: ({ send }) =>
      send({
        result: {
          content: [],
          structuredContent: { note: "\u009b31m\u202e" },
          resultType: "complete",
        },
      }),
    liar: ({ send }) => send({ error: { code: -32000, message: "fine\u001b[2K\u202e" } }),
    picture: ({ send }) =>
      send({
        result: {
          content: [{ type: "image", data: "AAAA", mimeType: "image/png" }],
          resultType: "complete",
        },
      }),
  })
  const inputSchema = {
    type: "object",
    properties: { query: { type: "string" }, limit: { type: "integer", maximum: 20 } },
    required: ["query"],
  }
  const echo = { server: "web", inputSchema, description: "says what it is told" }
  gateway = await startGateway({
    registry: {
      tools: {
        echo,
        fails: "web",
        colours: "web",
        picture: "web",
        lost: "away",
        other: "web",
        forged: "web",
        liar: "web",
      },
      agents: {
        a: ["echo", "fails", "colours", "picture", "lost"],
        none: [],
        b: ["forged", "liar"],
      },
    },
    servers: { "web:1.0.0": { url: backend.url }, "away:1.0.0": { url: "http://127.0.0.1:9/" } },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const client = (line: string[], agent = "a@1.0.0") =>
  command([...line, "--url", gateway.url, "--agent", agent])

describe.each(["auto", "legacy", "modern"])("in the %s era", (era) => {
  const as = (...line: string[]) => client([...line, "--era", era])

  test("postern tools lists names, arguments and descriptions", async () => {
    const { code, stdout, stderr } = await as("tools")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toMatch(/^echo@1\.0\.0 +\(query, limit\?\) +says what it is told$/m)
    expect(stdout.trimEnd().split("\n")).toHaveLength(5)
    expect(stdout).not.toContain("other")
    const json = await as("tools", "--json")
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: "colours" },
      { name: "echo", inputSchema: { required: ["query"] } },
      { name: "fails" },
      { name: "lost" },
      { name: "picture" },
    ])
  })

  test("postern call prints the result, or what is wrong and what to do", async () => {
    const [good, unknown, wrong, lost, failed] = await Promise.all([
      as("call", "echo", "--args", '{"query":"tide"}'),
      as("call", "other", "--args", "{}"),
      as("call", "echo", "--args", '{"query":7,"limit":99}'),
      as("call", "lost"),
      as("call", "fails"),
    ])
    expect(good).toEqual({ code: 0, stdout: '{"query":"tide"}\n', stderr: "" })
    expect(unknown).toMatchObject({ code: 1, stdout: "" })
    expect(unknown.stderr).toContain("Unknown tool: other")
    expect(unknown.stderr).toContain("postern tools shows the tools that this caller may use")
    expect(wrong).toMatchObject({ code: 1, stdout: "" })
    expect(wrong.stderr).toMatch(/Invalid arguments for echo:\n.*query.*\n.*limit/)
    expect(lost).toMatchObject({ code: 1, stdout: "", stderr: "lost is unavailable now\n" })
    expect(failed).toMatchObject({ code: 1, stdout: "", stderr: "no such document\n" })
  })

  test("postern call --json prints JSON whatever comes of it", async () => {
    const [good, unknown, wrong] = await Promise.all([
      as("call", "echo", "--json", "--args", '{"query":"tide"}'),
      as("call", "other", "--json"),
      as("call", "echo", "--json"),
    ])
    expect([good.code, unknown.code, wrong.code]).toEqual([0, 1, 1])
    expect(JSON.parse(good.stdout)).toMatchObject({ content: [{ text: '{"query":"tide"}' }] })
    expect(JSON.parse(unknown.stdout)).toMatchObject({
      error: {
        message: expect.stringContaining("Unknown tool: other"),
        data: { "dev.postern/refusal": { code: "unknown_tool" } },
      },
    })
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      isError: true,
      _meta: { "dev.postern/refusal": { code: "invalid_input" } },
    })
  })
})

describe("the client", () => {
  test("shows no control characters of a tool in a terminal, and names what is no text", async () => {
    const [colours, picture] = await Promise.all([
      client(["call", "colours"]),
      client(["call", "picture"]),
    ])
    expect(colours.stdout).toBe("\\u{1b}[31mred\\u{1b}[0m\\u{202e}\n")
    expect(picture.stdout).toBe("[image]\n")
    const [forged, liar] = await Promise.all([
      client(["call", "forged"], "b@1.0.0"),
      client(["call", "liar"], "b@1.0.0"),
    ])
    expect(forged.stdout).toContain('"note": "\\u{9b}31m\\u{202e}"')
    expect(liar.stderr).toMatch(/^fine\\u\{1b\}\[2K\\u\{202e\}\n/)
  })

  test("says so when an agent sees no tools, and when nobody knows the agent", async () => {
    const [none, stranger] = await Promise.all([
      client(["tools"], "none@1.0.0"),
      client(["tools"], "stranger@1.0.0"),
    ])
    expect(none).toEqual({ code: 0, stdout: "", stderr: "none@1.0.0 sees no tools\n" })
    expect(stranger).toMatchObject({ code: 1, stdout: "" })
    expect(stranger.stderr).toMatch(
      /^unknown caller.* \(http:.*HTTP 403\)\n {2}say who calls: --agent/,
    )
  })

  test("says so when nothing listens, or what listens is no MCP endpoint", async () => {
    const closed = await openBackend()
    await closed[Symbol.asyncDispose]()
    const [nobody, admin, path] = await Promise.all([
      command(["tools", "--url", closed.url]),
      command(["tools", "--url", `http://127.0.0.1:${gateway.adminPort}/status`]),
      command(["tools", "--url", gateway.url.replace("/mcp", "/other")]),
    ])
    for (const ended of [nobody, admin, path]) {
      expect(ended).toMatchObject({ code: 1, stdout: "" })
      expect(ended.stderr).toMatch(/^.+\n {2}.+\n$/)
      expect(ended.stderr).not.toMatch(/^\s+at /m)
    }
    expect(nobody.stderr).toContain(`cannot reach ${closed.url}: ECONNREFUSED`)
  })

  test("finds the gateway's address in POSTERN_URL", async () => {
    const env = { POSTERN_URL: gateway.url }
    const ended = await command(["tools", "--agent", "a@1.0.0"], env)
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain("echo@1.0.0")
  })
})
