import { describe, expect, test } from "vitest"
import { httpServer, importWorld, tool } from "../../support/import-world.ts"
import { importedFiles as files, imported, docsInfo as info } from "../../support/imported-world.ts"

describe("importing from servers and beside people that cannot be relied on", () => {
  test("shows the whole of what changed: the end of a long text, too", async () => {
    const long = "Finds pages. ".repeat(30)
    const { again, offer } = await imported(tool("search", { description: long }))
    offer("1.0.0", tool("search", { description: `${long}And mails them.` }))
    const { out } = await again()
    expect(out).toContain('Finds pages. And mails them."\n')
  })

  test("lets no name of a tool begin a line of its own, nor does the lock", async () => {
    const forger = tool("a\n+ all is well\u001b[2K")
    const { again, offer, world } = await imported(tool("search"))
    offer("1.0.0", tool("search"), forger)
    const outputs = [(await again()).out]
    offer("1.0.0", tool("search"), { ...forger, description: "another" })
    const config = ["--config", `${world.folder}/postern.yaml`]
    outputs.push((await again()).out, (await world.postern(["lock", ...config])).out)
    const approve = ["lock", "approve", "docs", "--reason", "x", "--by", "kim", ...config]
    outputs.push((await world.postern(approve)).out)
    for (const out of outputs) {
      expect(out).toContain("a\\n+ all is well\\u{1b}[2K")
      expect(out).not.toMatch(/^\+ all is well/m)
    }
  })

  test("does not write over what somebody wrote while servers were asked", async () => {
    const { again, docs, edit, offer, world } = await imported(tool("search"))
    offer("1.0.0", tool("search"), tool("fresh"))
    const was = docs.is
    Object.defineProperty(docs, "is", {
      get: () => {
        if (!world.read("registry.json").includes("Mine"))
          edit("registry.json", (text) =>
            text.replace('"skills": []', '"skills": [] , "title": "Mine"'),
          )
        return was
      },
    })
    const before = files.map(world.read)
    const ended = await again()
    expect(ended.exit).toBe(1)
    expect(ended.err).toMatch(/somebody changed .*registry\.json meanwhile; run the command again/)
    expect(world.read("registry.json")).toContain("Mine")
    expect(files.slice(1).map(world.read)).toEqual(before.slice(1))
    expect((await again()).out).toContain("+ tools of docs@1.0.0: fresh@1.0.0")
    for (const words of ["Mine", "fresh"]) expect(world.read("registry.json")).toContain(words)
  })

  test("takes no secret into a file that a server says again, nor does the lock", async () => {
    const world = importWorld()
    const part = "Qm3Zx8Lw2Vt7Ks9Jd4Hf"
    const database = "postgres://me:s3cr3t-pass@db.example/x"
    const docs = await httpServer({ info: info("1.0.0"), tools: [tool("search")] })
    const key = "q4nary-0123456789"
    const url = `${docs.url}/${part}?api_key=${key}`
    const own = { info: { name: "db", version: "1.0.0" }, tools: [tool("query")] }
    const { args, command } = world.server("db", own)
    const mcpServers = { docs: { url }, db: { command, args: [...args, database] } }
    const file = world.write("claude.json", { mcpServers })
    expect(await world.import([file])).toMatchObject({ exit: 0 })

    const env = { DOCS_URL_SECRET: part, DOCS_API_KEY: key, DB_URL: database, POSTERN_ACTOR: "kim" }
    const search = tool("search", { description: `at ${part}` })
    const fresh = tool("fresh", { description: `with ${key}` })
    docs.is = { info: info("1.0.0"), tools: [search, fresh] }
    world.server("db", { ...own, tools: [tool("query", { description: `asks ${database}` })] })
    const again = await world.import(["--yes"], env)
    expect(again.out).toContain("search of docs is left out: its definition shows a secret")
    const config = `${world.folder}/postern.yaml`
    const lock = await world.postern(["lock", "db", "--config", config], env)
    const approve = ["lock", "approve", "db", "--reason", "x", "--config", config]
    const approved = await world.postern(approve, env)
    const written = [...files.map(world.read), ...[again, lock, approved].map(({ out }) => out)]
    for (const text of written) expect(text).not.toMatch(/s3cr3t|Qm3Zx8|q4nary/)
    for (const words of ["asks [secret]", "with [secret]"])
      expect(world.read("postern.lock.json")).toContain(words)
  })
})
