import { describe, expect, test } from "vitest"
import { importWorld, tool } from "../../support/import-world.ts"

const info = (name: string, version: unknown = "1.2.0") => ({ name, version })

describe("postern import", () => {
  test("makes of the files of clients a registry, a configuration and pins that serve takes as they are", async () => {
    const world = importWorld()
    const one = world.server("one", {
      info: { ...info("one-server"), title: "The first" },
      instructions: "be brief",
      tools: [tool("search"), tool("read", { title: "Read", annotations: { readOnlyHint: true } })],
    })
    const two = world.server("two", { era: "modern", info: info("two"), tools: [tool("search")] })
    world.write("claude.json", { mcpServers: { one, off: { command: "x", disabled: true } } })
    world.write(
      "mcp.json",
      `{ // VS Code
        "inputs": [{ "type": "promptString", "id": "two-token", "description": "of two", "password": true }],
        "servers": { "two": ${JSON.stringify({ type: "stdio", ...two, env: { TOKEN: "${input:two-token}" } })}, },
      }`,
    )
    const files = ["claude.json", "mcp.json"].map((name) => `${world.folder}/${name}`)

    const ended = await world.import(files, { two_token: "no", TWO_TOKEN: "s3cret-of-two" })
    expect(ended.exit, ended.out + ended.err).toBe(0)
    expect(ended.err).toMatch(/✓ one +2 tools over stdio, legacy era, \d/)
    expect(ended.err).toMatch(/✓ two +1 tool.* over stdio, modern era, \d/)
    expect(ended.out).toMatch(/search is registered as one_search/)

    expect(world.json("registry.json")).toEqual({
      schemaVersion: "2.0",
      schemas: [],
      servers: [
        {
          name: "one",
          version: "1.2.0",
          description: "The first",
          provides: [
            {
              tool: "search",
              description: "does search",
              inputSchema: { type: "object", properties: { q: { type: "string" } } },
            },
            {
              tool: "read",
              title: "Read",
              description: "does read",
              inputSchema: { type: "object", properties: { q: { type: "string" } } },
              annotations: { readOnlyHint: true },
            },
          ],
        },
        { name: "two", version: "1.2.0", provides: [expect.objectContaining({ tool: "search" })] },
      ],
      tools: [
        {
          name: "one_search",
          version: "1.0.0",
          source: { server: "one", serverVersion: "1.2.0", tool: "search" },
        },
        {
          name: "read",
          version: "1.0.0",
          source: { server: "one", serverVersion: "1.2.0", tool: "read" },
        },
        {
          name: "two_search",
          version: "1.0.0",
          source: { server: "two", serverVersion: "1.2.0", tool: "search" },
        },
      ],
      agents: [expect.objectContaining({ name: "my-agent", version: "1.0.0" })],
    })
    expect(
      world.read("postern.yaml"),
    ).toBe(`# Where the servers of registry.json live. More keys: docs/reference/configuration.md
registry: { source: "file://./registry.json" }
# Every decision, for postern audit usage and verify.
audit: { file: ./audit.jsonl }

servers:
  one:1.2.0:
    command: ${one.command}
    args: [ ${one.args.join(", ")} ]
  two:1.2.0:
    command: ${two.command}
    args: [ ${two.args.join(", ")} ]
    env:
      TOKEN: \${TWO_TOKEN}
`)
    const [pinned] = (world.json("postern.lock.json") as { servers: unknown[] }).servers
    expect(pinned).toMatchObject({
      server: "one",
      instructions: "be brief",
      tools: [{ name: "read" }, { name: "search" }],
    })

    const valid = await world.postern(["validate", `${world.folder}/registry.json`])
    expect(valid.out).toMatch(/sound — .*3 tools, 1 agents, 0 error, 0 warn, 0 info/)
    const explained = await world.postern(
      ["explain", "--config", `${world.folder}/postern.yaml`, "--agent", "my-agent@1.0.0"],
      { TWO_TOKEN: "x" },
    )
    expect(explained.out).toMatch(/✓ two_search@1\.0\.0 [\s\S]*goes to search of two@1\.2\.0/)

    const again = await world.import(files, { TWO_TOKEN: "s3cret-of-two" })
    expect(again).toMatchObject({
      exit: 0,
      out: `  off is left out: turned off in ${files[0]}\nnothing to write\n`,
    })
  })

  test("loses nobody by those that are down, silent, wrong or strange, and says what each is", async () => {
    const world = importWorld()
    const canary = "c4nary-value-0123456789"
    const mcpServers = {
      good: world.server("good", {
        info: info("good"),
        tools: [tool("fine")],
        rubbish: "starting up…\n{no json}\n[]",
      }),
      "not found": { command: "no-such-program-here" },
      dies: {
        ...world.server("dies", { tools: [], lastWords: "cannot use $API_KEY\u001b[2J, sorry\n" }),
        env: { API_KEY: canary },
      },
      down: { url: "http://127.0.0.1:9/mcp", headers: { Authorization: `Bearer ${canary}` } },
      nonsense: { args: [] },
      unset: { command: "x", env: { A: "${NOT_SET_ANYWHERE}" } },
      odd: world.server("odd", {
        info: info("odd", "latest"),
        tools: [
          tool("a b/c"),
          tool("twice"),
          tool("twice", { description: "another" }),
          tool("same"),
          tool("same"),
          tool("outside", {
            inputSchema: { type: "object", properties: { a: { $ref: "https://x.example/s" } } },
          }),
          tool("deep", {
            inputSchema: JSON.parse(`${'{"properties":{"a":'.repeat(120)}true${"}}".repeat(120)}`),
          }),
          tool("half", { description: "\ud800" }),
          tool("long", { description: "x".repeat(600_000) }),
          tool("hiding", { description: "search\u{e0041}\u{e0042}" }),
          tool("leaks", { description: `uses ${canary}` }),
          tool("bare", { inputSchema: {}, outputSchema: null, title: null }),
          { name: 7 },
          null,
        ],
      }),
    }
    world.write("claude.json", { mcpServers })
    const ended = await world.import([`${world.folder}/claude.json`])
    expect(ended.exit).toBe(1)
    const said = ended.out + ended.err
    for (const words of [
      /✓ good +1 tools? over stdio/,
      /✗ not-found +.*ENOENT \(is the program on the PATH\?\)/,
      /✗ dies +.*exited with code 1\n +\| cannot use \[secret\].\[2J, sorry/,
      /✗ down +no connection: ECONNREFUSED/,
      /✗ unset +env\.A: NOT_SET_ANYWHERE is not set in the environment; set it, and import again/,
      /! nonsense is left out: expected a command or a url/,
      /! odd says version "latest", which is none that one could write down/,
      /! twice of odd is left out: its server lists it twice, with different words/,
      /! outside of odd is left out: .*\(ref_external\)/,
      /! deep of odd is left out: its definition is nested deeper than 100 levels/,
      /! half of odd is left out: its definition holds half of a surrogate pair/,
      /! long of odd is left out: its definition is larger than 512 KiB/,
      /! leaks of odd is left out: its definition shows a secret/,
      /! hiding@1\.0\.0 hides text in \/description: U\+E0041, U\+E0042 \(2 characters\); no agent is given it/,
      / a b\/c is registered as a_b_c/,
    ])
      expect(said).toMatch(words)
    const registry = world.json("registry.json") as {
      tools: { name: string }[]
      servers: { name: string; version: string; provides: object[] }[]
      agents: object[]
    }
    expect(registry.servers.map(({ name, version }) => [name, version])).toEqual([
      ["good", "1.2.0"],
      ["odd", "0.0.0"],
    ])
    expect(registry.tools.map(({ name }) => name)).toEqual([
      "fine",
      "a_b_c",
      "same",
      "hiding",
      "bare",
    ])
    expect(registry.servers[1]?.provides.at(-1)).toEqual({
      tool: "bare",
      description: "does bare",
      inputSchema: { type: "object" },
    })
    expect(JSON.stringify(registry.agents)).not.toContain("hiding")
    const valid = await world.postern(["validate", `${world.folder}/registry.json`])
    expect(valid).toMatchObject({ exit: 0 })
    const all = [
      said,
      ...["registry.json", "postern.yaml", "postern.lock.json"].map(world.read),
    ].join()
    expect(all).not.toContain(canary)
  })
})
