import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { listTools } from "../../../src/mcp/client.ts"
import { loadConfig } from "../../../src/server/config/parse.ts"
import { createLog } from "../../../src/server/log.ts"
import { startGateway } from "../../../src/server/start.ts"
import { serveOldSdk } from "../../support/backend-sdk.ts"
import { httpServer, importWorld, tool } from "../../support/import-world.ts"

/** A server that asks for credentials before anything else. */
async function guarded(token: string, server: { readonly url: string }): Promise<string> {
  const guard = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end()
    const { method = "", headers } = request
    const body = method === "POST" ? { body: request, duplex: "half" } : {}
    const sent = { "content-type": String(headers["content-type"]), accept: String(headers.accept) }
    return void fetch(server.url, { method, headers: sent, ...body } as RequestInit).then(
      async (answer) =>
        response
          .writeHead(answer.status, { "content-type": "application/json" })
          .end(await answer.text()),
    )
  })
  await new Promise<void>((resolve) => guard.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    guard.close()
    guard.closeAllConnections()
  })
  return `http://127.0.0.1:${(guard.address() as AddressInfo).port}/mcp`
}

describe("postern import", () => {
  test("takes addresses, names them, and sends the token that is named", async () => {
    const world = importWorld()
    const plain = await httpServer({
      info: { name: "plain one", version: "3.0.0" },
      tools: [tool("a")],
    })
    const url = await guarded(
      "t0ken-of-docs",
      await httpServer({ info: { name: "x", version: "1" }, tools: [tool("b")] }),
    )

    const refused = await world.import([`docs=${url}?api_key=k3y-in-the-query`])
    expect(refused.exit).toBe(1)
    expect(refused.err).toMatch(
      /✗ docs +HTTP 401: .* \(give it a header, or auth in the configuration\)/,
    )

    const ended = await world.import([plain.url, `docs=${url}`, "--token", "DOCS_TOKEN"], {
      DOCS_TOKEN: "t0ken-of-docs",
    })
    expect(ended.exit, ended.err).toBe(0)
    expect(world.read("postern.yaml")).toContain(`  plain-one:3.0.0:
    url: ${plain.url}
    headers:
      Authorization: Bearer \${DOCS_TOKEN}
  docs:1:
    url: ${url}
`)
    for (const text of [
      refused.out,
      refused.err,
      ended.out,
      ended.err,
      world.read("postern.lock.json"),
    ])
      expect(text).not.toMatch(/k3y-in-the-query|t0ken-of-docs/)
  })

  test("writes what a gateway serves as it is, also from servers of the SDK", async () => {
    const world = importWorld()
    const url = await serveOldSdk()
    expect(await world.import([`old=${url}`, "--agent", "me@2.0.0"])).toMatchObject({ exit: 0 })
    const file = world.write(
      "postern.yaml",
      `${world.read("postern.yaml")}listen: { port: 0 }\nadmin: { port: 0 }\n`,
    )
    const loaded = loadConfig(file, {})
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const log = createLog({ ...loaded.config.log, level: "silent" } as typeof loaded.config.log)
    const gateway = await startGateway(loaded.config, { version: "0", env: {}, log, warnings: [] })
    onTestFinished(() => gateway.close())
    const headers = new Map([
      ["x-agent-name", "me"],
      ["x-agent-version", "2.0.0"],
    ])
    const answer = await listTools({
      url: gateway.url,
      era: "auto",
      headers,
      timeoutMs: 10_000,
      identity: { name: "t", version: "0" },
    })
    expect(answer).toMatchObject({
      ok: true,
      value: [{ name: "greet", inputSchema: { required: ["name"] } }, { name: "steps" }],
    })
  })

  test("reads a thousand tools page by page, and tells of them in a few lines", async () => {
    const world = importWorld()
    const tools = Array.from({ length: 1_203 }, (_, index) => tool(`tool_${index}`))
    const { url } = await httpServer({ info: { name: "many", version: "1.0.0" }, tools })
    const ended = await world.import([`many=${url}`])
    expect(ended.err).toMatch(/✓ many +1203 tools over http/)
    expect(ended.out).toMatch(
      /^\+ server many@1\.0\.0, 1203 tools\n\+ tools of many@1\.0\.0: tool_0@1\.0\.0, .*, … and 1191 more\n/,
    )
    expect(ended.out).toContain(
      "may call 1000 tools\n! 203 tools more than one agent may depend on",
    )
    expect(ended.out.length).toBeLessThan(2_000)
    const valid = await world.postern(["validate", join(world.folder, "registry.json")])
    expect(valid.out).toMatch(/1203 tools, 1 agents, 0 error, 0 warn/)
    expect(await world.import([`many=${url}`])).toMatchObject({
      exit: ended.exit,
      out: "nothing to write\n",
    })
  })

  test("finds what a project's file means: its folder, its envFile, its relative paths", async () => {
    const world = importWorld()
    const project = join(world.folder, "project")
    for (const folder of ["project/.vscode", "project/bin"])
      mkdirSync(join(world.folder, folder), { recursive: true })
    const { args, command } = world.server("it", {
      info: { name: "it", version: "1.0.0" },
      tools: [tool("a")],
    })
    writeFileSync(
      join(project, "bin/run.mjs"),
      `await import(${JSON.stringify(`file://${args[0]}`)})\n`,
    )
    writeFileSync(join(project, ".env"), "API_KEY=s3cret-in-a-file\nMODE=fast\n")
    const servers = {
      it: {
        command,
        args: [args[0], "${workspaceFolder}/../it.server.json"],
        envFile: "${workspaceFolder}/.env",
      },
      lost: { command, envFile: "nowhere.env" },
    }
    writeFileSync(join(project, ".vscode/mcp.json"), JSON.stringify({ servers }))
    const ended = await world.import([join(project, ".vscode/mcp.json")])
    expect(ended.exit).toBe(1)
    expect(ended.out).toContain("! lost is left out: envFile: ENOENT")
    expect(world.read("postern.yaml")).toContain(`    args: [ ${args[0]}, ./../it.server.json ]
    env:
      API_KEY: \${API_KEY}
      MODE: fast
    cwd: project
`)
    expect(ended.out).toContain("set these before you serve:\n  API_KEY  env API_KEY of it\n")
    expect(ended.out + ended.err + world.read("postern.yaml")).not.toContain("s3cret")
  })

  test("gives scripts one object, and writes nothing in a dry run", async () => {
    const world = importWorld()
    const { url } = await httpServer({
      info: { name: "one", version: "1.0.0" },
      tools: [tool("a")],
    })
    const ended = await world.import([
      `one=${url}`,
      "down=http://127.0.0.1:9/mcp",
      "--json",
      "--dry-run",
    ])
    expect(ended.exit).toBe(1)
    const registry = expect.stringMatching(/registry\.json$/)
    expect(JSON.parse(ended.out)).toMatchObject({
      ok: false,
      written: false,
      registry,
      servers: [
        { name: "one", ok: true, version: "1.0.0", era: "legacy", transport: "http", tools: 1 },
        { name: "down", ok: false, why: expect.stringContaining("ECONNREFUSED") },
      ],
      changes: [
        { kind: "server_added", needsConsent: false },
        { kind: "tool_added", tool: { name: "a", version: "1.0.0" } },
        { kind: "agent_added", tools: 1 },
      ],
      variables: [],
    })
    expect(() => world.read("registry.json")).toThrow("ENOENT")
  })

  test("waits for no server longer than it is told to", async () => {
    const world = importWorld()
    const { url } = await httpServer({ tools: [], silent: true })
    const ended = await world.import([`mute=${url}`, "--timeout", "0.2"])
    expect(ended).toMatchObject({ exit: 1, out: "nothing to write\n" })
    expect(ended.err).toMatch(
      /✗ mute +it has not listed its tools within 0\.2 s \(try again with a longer --timeout\)/,
    )
  })

  test.each([
    ["[]", /expected an object with mcpServers or servers/],
    ["{}", /names no servers/],
    ['{"mcpServers":{"a":{"env":{"K":sk-c4nary-1234}}}}', /x\.json:1:32 error json_syntax/],
    ['{"mcpServers":{"a":{"env":{"K":"1","K":"sk-c4nary-1234"}}}}', /json_duplicate_key/],
  ])("says where a file is wrong and not what stands there: %s", async (text, words) => {
    const world = importWorld()
    const ended = await world.import([world.write("x.json", text)])
    expect(ended).toMatchObject({ exit: 2, out: "" })
    expect(ended.err).toMatch(words)
    expect(ended.err).not.toContain("c4nary")
  })

  test("takes no file of more servers than anybody has", async () => {
    const world = importWorld()
    const servers = Array.from({ length: 1_001 }, () => ({ name: "x", url: "http://x.example" }))
    const ended = await world.import([world.write("x.json", { servers })])
    expect(ended).toMatchObject({ exit: 2, out: "" })
    expect(ended.err).toContain("1001 servers, more than 1000")
  })

  test.each([
    [["x.json"], /ENOENT.*; name the file of an MCP client, or an address/],
    [["http://"], /an address such as/],
    [["a=http://127.0.0.1:9/mcp", "--agent", "me"], /--agent: NAME@VERSION/],
    [["a=http://127.0.0.1:9/mcp", "--timeout", "0"], /--timeout: seconds/],
    [[], /name the address of a server, or a file of an MCP client/],
  ])("says what is wrong with %j", async (args, words) => {
    const ended = await importWorld().import(args)
    expect(ended).toMatchObject({ exit: 2, out: "" })
    expect(ended.err).toMatch(words)
  })
})
