import { describe, expect, test } from "vitest"
import { httpServer, type ImportWorld, tool } from "../../support/import-world.ts"
import { importedFiles as files, imported, docsInfo as info } from "../../support/imported-world.ts"

interface Registry {
  readonly servers: { name: string; version: string; provides: Record<string, unknown>[] }[]
  readonly tools: Record<string, unknown>[]
  readonly agents: unknown[]
}
const registry = (world: ImportWorld) => world.json("registry.json") as Registry
const provided = (world: ImportWorld) =>
  registry(world).servers.flatMap(({ provides }) => provides.map(({ tool: name }) => name))

describe("importing again", () => {
  test("leaves what people made of it: to the byte", async () => {
    const { again, edit, world } = await imported(tool("search"), tool("read"), tool("drop"))
    edit("registry.json", (text) =>
      text
        .replace(/"name": "search",/, '"name": "find",   "description": "Mine",')
        .replace(/\n {4}\{\s+"name": "drop"[\s\S]*?\n {4}\},?/, "")
        .replace(/,(\s*\])/, "$1")
        .replace('"q": { "type": "string" }', '"q": { "type": "string", "maxLength": 9 }')
        .replace(/,?\s*\{[^{}]*"name": "drop"[^{}]*\}/, "")
        .replaceAll('"name": "search"', '"name": "find"'),
    )
    edit("postern.yaml", (text) =>
      text
        .replace("servers:\n", "servers:\n  # mine\n")
        .replace("docs:1.0.0:", "docs:1.0.0: # its name\n    timeout: 5s"),
    )
    const before = files.map(world.read)
    const ended = await again()
    expect(ended.out).toMatch(
      /^ {2}docs stays where the configuration has it; .*claude\.json says otherwise\nnothing to write\n$/,
    )
    expect(ended.exit).toBe(0)
    expect(files.map(world.read)).toEqual(before)
    expect(registry(world).tools.map(({ name }) => name)).toEqual(["find", "read"])
  })

  test("adds what is new, and shows what changed until somebody says yes", async () => {
    const { again, offer, world } = await imported(tool("search"), tool("read"))
    const changed = tool("search", { description: "does search, and tells others" })
    offer("1.0.0", changed, tool("read"), tool("write"))
    const [, config] = files.map(world.read)

    const dry = await again("--dry-run", "--yes")
    expect(dry).toMatchObject({ exit: 0 })
    expect(provided(world)).toEqual(["search", "read"])

    const held = await again()
    expect(held.exit).toBe(1)
    expect(held.out).toContain(`+ tools of docs@1.0.0: write@1.0.0
~ search of docs@1.0.0 is not what it was, and its server still says it is version 1.0.0
      /description
      - "does search"
      + "does search, and tells others"
`)
    expect(held.out).toContain(
      "\nno agent may call the new tools yet: add them to depends, or import with --agent\n",
    )
    expect(held.out).toContain("what was there stays as it was: --yes writes the changes, too")
    expect(provided(world)).toEqual(["search", "read", "write"])
    expect(world.read("registry.json")).not.toContain("tells others")
    expect(world.read("postern.lock.json")).not.toContain("tells others")

    const written = await again("--yes")
    expect(written.exit).toBe(0)
    expect(registry(world).servers[0]?.provides[0]).toMatchObject({
      description: "does search, and tells others",
    })
    expect(world.read("postern.lock.json")).toContain("tells others")
    expect(world.read("postern.yaml")).toBe(config)
    expect(JSON.stringify(registry(world).agents)).not.toContain("write") // rights are given by people
    expect(await again()).toMatchObject({ exit: 0, out: "nothing to write\n" })
  })

  test("keeps words that somebody wrote in the place of those that changed", async () => {
    const { again, edit, offer, world } = await imported(tool("search", { title: "Old" }))
    edit("registry.json", (text) => text.replace('"does search"', '"my words"'))
    offer("1.0.0", tool("search", { description: "theirs", title: "New" }))
    const ended = await again("--yes")
    expect(ended.out).toContain("      stays as you wrote it: description")
    expect(registry(world).servers[0]?.provides[0]).toMatchObject({
      description: "my words",
      title: "New",
    })
    expect(await again()).toMatchObject({ exit: 0, out: "nothing to write\n" })
  })

  test("follows a server to its next version, everywhere or nowhere", async () => {
    const { again, edit, offer, world } = await imported(tool("search"), tool("read"))
    edit("postern.yaml", (text) => text.replace("docs:1.0.0:", "docs:1.0.0: # here"))
    offer("1.1.0", tool("search"), tool("read"), tool("write"))
    const before = files.map(world.read)
    const held = await again()
    expect(held).toMatchObject({ exit: 1 })
    expect(held.out).toContain("~ server docs: version 1.0.0 gives way to 1.1.0")
    expect(files.map(world.read)).toEqual(before)

    expect(await again("--yes")).toMatchObject({ exit: 0 })
    const { servers, tools } = registry(world)
    expect(servers).toMatchObject([{ name: "docs", version: "1.1.0" }])
    expect(tools.map(({ source }) => source)).toEqual(
      ["search", "read", "write"].map((on) => ({
        server: "docs",
        serverVersion: "1.1.0",
        tool: on,
      })),
    )
    expect(world.read("postern.yaml")).toContain("  docs:1.1.0: # here\n")
    expect(world.json("postern.lock.json")).toMatchObject({
      servers: [{ server: "docs", version: "1.1.0" }],
    })
    expect(await again()).toMatchObject({ exit: 0, out: "nothing to write\n" })
  })

  test("tells what is gone, and takes it out when that is asked for", async () => {
    const schema = { inputSchema: { type: "object", properties: { q: { type: "integer" } } } }
    const { again, offer, world } = await imported(tool("search", schema), tool("read"))
    offer("1.0.0", tool("find", schema))
    const told = await again()
    expect(told).toMatchObject({ exit: 0 })
    expect(told.out).toContain(
      "- search of docs@1.0.0 (search@1.0.0) is not listed any more; it may be called find now: stays; --prune takes it out",
    )
    expect(provided(world)).toEqual(["search", "read", "find"])

    expect(await again("--prune")).toMatchObject({ exit: 1 })
    expect(provided(world)).toEqual(["search", "read", "find"])
    expect(await again("--prune", "--yes")).toMatchObject({ exit: 0 })
    expect(provided(world)).toEqual(["find"])
    expect(registry(world).tools.map(({ name }) => name)).toEqual(["find"])
    expect(JSON.stringify(registry(world).agents)).not.toMatch(/search|read/)
    expect(world.read("postern.lock.json")).not.toMatch(/"(search|read)"/)
  })

  test("does not take out what a composition needs", async () => {
    const { again, edit, offer, world } = await imported(tool("search"), tool("read"))
    edit("registry.json", (text) =>
      text.replace(
        '"tools": [\n',
        () => `"tools": [
    { "name": "both", "version": "1.0.0", "inputSchema": { "type": "object" }, "depends": [{ "type": "tool", "name": "search", "version": "1.0.0" }],
      "spec": { "pipeline": { "steps": [{ "id": "one", "operation": { "tool": { "name": "search" } } }] } } },\n`,
      ),
    )
    offer("1.0.0", tool("read"), tool("write"))
    const ended = await again("--prune", "--yes")
    expect(ended.exit).toBe(1)
    expect(ended.err).toMatch(/registry\.json:\d+:\d+ error tool_not_found/)
    expect(provided(world)).toEqual(["search", "read", "write"]) // what is new is there all the same
  })

  test("gives new tools to the agent that is named, and to no other", async () => {
    const { again, offer, world } = await imported(tool("search"))
    offer("1.0.0", tool("search"), tool("read"))
    await again("--agent", "writer@2.0.0")
    offer("1.0.0", tool("search"), tool("read"), tool("write"))
    await again("--agent", "writer@2.0.0")
    const depends = registry(world).agents.map((agent) =>
      [...JSON.stringify(agent).matchAll(/"tool","name":"(\w+)"/g)].map(([, name]) => name),
    )
    expect(depends).toEqual([["search"], ["search", "read", "write"]])
  })

  test("asks the servers of the configuration again where nothing else is named, by name where two have one", async () => {
    const { file, offer, world } = await imported(tool("search"))
    offer("1.0.0", tool("search"), tool("read"))
    expect(await world.import([])).toMatchObject({ exit: 0 })
    expect(provided(world)).toEqual(["search", "read"])
    const { url } = await httpServer({ info: info("9.0.0"), tools: [tool("search")] })
    const second = world.write("other.json", { servers: { docs: { url } } })
    const ended = await world.import([file, second])
    expect(ended.exit).toBe(0)
    expect(registry(world).servers.map(({ name, version }) => [name, version])).toEqual([
      ["docs", "1.0.0"],
      ["docs-2", "9.0.0"],
    ])
    expect(registry(world).tools.at(-1)).toMatchObject({
      name: "docs-2_search",
      source: { tool: "search" },
    })
    expect(await world.import([second, file])).toMatchObject({ exit: 0, out: "nothing to write\n" })
    expect(await world.import([])).toMatchObject({ exit: 0, out: "nothing to write\n" })
  })

  test("pins what postern lock then finds as it was, but for what hides", async () => {
    const { again, docs, world } = await imported(tool("search"))
    const lock = (...args: string[]) =>
      world.postern(["lock", ...args, "--config", `${world.folder}/postern.yaml`])
    expect(await lock("--check")).toMatchObject({ exit: 0 })

    docs.is = { ...docs.is, instructions: "be\u200bgentle" }
    const gentle = await again("--yes")
    expect(gentle.out).toMatch(
      /! docs@1\.0\.0 hides text in \/instructions: U\+200B \(1 character\); it is not pinned/,
    )
    expect(world.read("postern.lock.json")).not.toContain("gentle")
    const sly = "does search\u200b, and more"
    docs.is = {
      info: info("1.0.0"),
      instructions: "be brief",
      tools: [tool("search", { description: sly }), tool("sly", { title: "\u202e" })],
    }
    const ended = await again("--yes")
    expect(ended.out).toContain(
      "! search hides text in /description: U+200B (1 character); it is not taken: see postern lock approve docs",
    )
    expect(ended.out).toContain(
      "! sly@1.0.0 hides text in /title: U+202E (1 character); no agent is given it",
    )
    expect(ended.out).toContain(
      '~ docs@1.0.0 says something else of itself\n      /instructions\n      + "be brief"',
    )
    expect(ended.exit).toBe(1)
    expect(world.read("registry.json")).not.toContain("and more")
    expect(world.json("postern.lock.json")).toMatchObject({
      servers: [
        {
          instructions: "be brief",
          approval: { reason: "postern import" },
          tools: [{ name: "search" }],
        },
      ],
    })
    const checked = await lock("--check")
    expect(checked.exit).toBe(1)
    expect(checked.out).toMatch(/docs@1\.0\.0 search[\s\S]*docs@1\.0\.0 sly/)
  })

  test("knows versions of one server apart, and leaves a version that people gave", async () => {
    const { edit, offer, world } = await imported(tool("search"), tool("read"))
    const { url } = await httpServer({
      info: info("2.0.0"),
      tools: [tool("search"), tool("write")],
    })
    edit("postern.yaml", (text) => `${text}  docs:2.0.0: { url: ${url} }\n`)
    expect(await world.import([])).toMatchObject({ exit: 0 })
    expect(registry(world).servers.map(({ name, version }) => [name, version])).toEqual([
      ["docs", "1.0.0"],
      ["docs", "2.0.0"],
    ])
    const sources = registry(world).tools.map(({ name, source }) => ({
      name,
      ...(source as object),
    }))
    expect(sources.at(-2)).toEqual({
      name: "docs_search",
      server: "docs",
      serverVersion: "2.0.0",
      tool: "search",
    })
    offer("1.0.0", tool("read"))
    await world.import(["--prune", "--yes"])
    expect(registry(world).tools.map(({ name }) => name)).toEqual(["read", "docs_search", "write"])

    edit("postern.yaml", (text) => text.replace("docs:2.0.0", "docs:2026.8"))
    edit("registry.json", (text) =>
      text
        .replaceAll('"2.0.0"', '"2026.8"')
        .replace('"schemaVersion": "2026.8"', '"schemaVersion": "2.0"'),
    )
    expect((await world.import(["--yes"])).exit).toBe(0)
    expect(registry(world).servers.map(({ version }) => version)).toEqual(["1.0.0", "2026.8"])
    expect(await world.import([])).toMatchObject({ exit: 0, out: "nothing to write\n" })
  })

  test("does not bring back what was taken out of provides", async () => {
    const { again, edit, world } = await imported(tool("search"), tool("drop"))
    edit("registry.json", (text) => {
      const { tools, servers, agents, ...rest } = JSON.parse(text)
      tools.pop()
      servers[0].provides.pop()
      agents[0].capabilities.extensions[0].params.depends.pop()
      return JSON.stringify({ ...rest, servers, tools, agents })
    })
    expect(await again()).toMatchObject({ exit: 0, out: "nothing to write\n" })
    expect(provided(world)).toEqual(["search"])
  })

  test("changes nothing that is not sound", async () => {
    const { again, world } = await imported(tool("search"))
    const good = files.map(world.read)
    for (const [name, text, words] of [
      ["registry.json", "{", /registry\.json:1:2 error json_syntax/],
      ["registry.json", JSON.stringify({ schemaVersion: "1.0", tools: [] }), /postern migrate/],
      [
        "registry.json",
        JSON.stringify({ schemaVersion: "2.0", tools: [{ name: "x" }] }),
        /implementation_missing/,
      ],
      ["postern.yaml", "servers: [", /postern\.yaml:1:\d+/],
      ["postern.lock.json", "{}", /lock_invalid/],
    ] as const) {
      world.write(name, text)
      const ended = await again()
      expect(ended.exit, name).toBe(1)
      expect(ended.err).toMatch(words)
      expect(world.read(name)).toBe(text)
      for (const [index, file] of files.entries()) world.write(file, good[index] ?? "")
    }
    expect(await again()).toMatchObject({ exit: 0 })
  })
})
