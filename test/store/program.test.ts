import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { defaultProgramLimits } from "../../src/store/program/limits.ts"
import { runProgram } from "../../src/store/program/run-program.ts"

const hanging = "for (;;) {}"

describe("a registry program", () => {
  test("gives the document that it exports, and where its parts were written", async () => {
    const { run } = program(`import { registry, server } from "postern"
      console.log("rubbish")
      console.error("more of it")
      export default registry({
        servers: [server("a", "1.0.0")],
      })`)
    const gave = await run()
    if (!gave.ok) throw new Error(gave.problem.message)
    expect(JSON.parse(gave.text)).toMatchObject({ servers: [{ name: "a", version: "1.0.0" }] })
    expect(gave.provenance.places?.().get("/servers/0")).toMatchObject({ line: 5, column: 19 })
  })

  test("may promise the document, leave things open behind it, and be plain JavaScript", async () => {
    const { run } = program(
      `setInterval(() => {}, 1000)
      export default Promise.resolve({ schemaVersion: "2.0" })`,
      { name: "registry.mjs" },
    )
    expect(await run()).toMatchObject({ ok: true, text: '{"schemaVersion":"2.0"}' })
  })

  test("has no environment, writes nothing, starts nothing, and its packages are looked for where it lies", async () => {
    const { run, folder } = program(`import { writeFileSync, readFileSync } from "node:fs"
      import { spawnSync } from "node:child_process"
      import { own } from "own"
      import names from "./names.json" with { type: "json" }
      const code = (act: () => unknown) => { try { act() } catch (error) { return error.code } }
      export default {
        env: Object.keys(process.env),
        write: code(() => writeFileSync("written.txt", "x")),
        spawn: code(() => spawnSync("true")),
        read: readFileSync("names.json", "utf8"),
        names,
        own,
      }`)
    mkdirSync(join(folder, "node_modules/own"), { recursive: true })
    writeFileSync(join(folder, "node_modules/own/index.mjs"), "export const own = 1")
    writeFileSync(join(folder, "node_modules/own/package.json"), '{ "exports": "./index.mjs" }')
    writeFileSync(join(folder, "names.json"), "[1]")
    process.env["A_SECRET"] = "s3cret"
    onTestFinished(() => void delete process.env["A_SECRET"])
    const gave = await run()
    if (!gave.ok) throw new Error(gave.problem.message)
    expect(JSON.parse(gave.text)).toEqual({
      env: [],
      write: "ERR_ACCESS_DENIED",
      spawn: "ERR_ACCESS_DENIED",
      read: "[1]",
      names: [1],
      own: 1,
    })
    const modules = gave.modules.map((file) => relative(folder, file))
    expect(modules).toEqual(["registry.ts", "names.json"])
  })

  test("sees no other process and signals none, and its database is no way to write", async () => {
    const { run, folder } = program(`import { readFileSync } from "node:fs"
      const code = (act: () => unknown) => { try { act() } catch (error) { return error.code ?? error.name } }
      const ofReader = \`/proc/\${process.ppid}/environ\`
      export default {
        environment: code(() => readFileSync(ofReader)),
        throughDevices: code(() => readFileSync("/dev/fd/../root" + ofReader)),
        signal: code(() => process.kill(process.ppid, 0)),
        debugger: code(() => process._debugProcess(process.pid)),
        inner: code(() => process._kill(process.ppid, 0)),
        database: process.getBuiltinModule("node:sqlite") ?? "none",
      }`)
    const gave = await run()
    if (!gave.ok) throw new Error(gave.problem.message)
    expect(JSON.parse(gave.text)).toEqual({
      environment: expect.stringMatching(/ERR_ACCESS_DENIED|ENOENT/), // where processes are no files
      throughDevices: expect.stringMatching(/ERR_ACCESS_DENIED|ENOENT/),
      signal: "TypeError",
      debugger: "TypeError",
      inner: "TypeError",
      database: "none",
    })
    expect(readdirSync(folder)).toEqual(["registry.ts"])
  })

  const failing: [what: string, source: string, problem: object][] = [
    [
      "throws",
      "\nthrow new Error('no')",
      { message: "the program failed: no", line: 2, column: 7 },
    ],
    ["throws no error", "throw 'words'", { message: "the program failed: words" }],
    [
      "names what is no place",
      "throw new Error('see file:///%:1:1')",
      { message: "the program failed: see file:///%:1:1", line: 1, column: 7 },
    ],
    ["is no TypeScript", "const a =\n;;)", { line: 2, code: "program_failed" }],
    ["imports what is not there", `import "./nowhere.ts"`, { code: "program_failed" }],
    [
      "exports nothing",
      "export const a = 1",
      { message: expect.stringMatching(/exports no default/) },
    ],
    [
      "exports text",
      "export default '{}'",
      { message: expect.stringMatching(/no registry document/) },
    ],
    [
      "exports a circle",
      "const a: any = {}; a.a = a; export default a",
      { code: "program_failed" },
    ],
    ["ends early", "process.exit(7)", { message: expect.stringMatching(/exit code 7/) }],
    [
      "says much before it ends",
      `import { writeSync } from "node:fs"
      writeSync(2, "rubbish ".repeat(2_000)); writeSync(2, "there is no price list"); process.exit(7)`,
      { message: expect.stringMatching(/exit code 7.*rubbish there is no price list$/) },
    ],
    [
      "waits for nobody",
      "await new Promise(() => {})",
      { message: expect.stringMatching(/exit code 13/) },
    ],
    ["hangs", hanging, { message: "the program gave no document within 1000 ms" }],
    [
      "takes all memory",
      "const a: any[] = []; for (;;) a.push(new Array(1e6).fill({}))",
      { message: "the program needs more than 67108864 bytes of memory" },
    ],
    [
      "makes a document without end",
      "export default { a: 'x'.repeat(200_000) }",
      { code: "document_too_large" },
    ],
    [
      "answers in the place of its reader",
      `import { writeSync } from "node:fs"; writeSync(4, "{"); process.exit()`,
      { message: expect.stringMatching(/wrote into the pipes/) },
    ],
  ]
  test.each(failing)("that %s is a problem of the document", async (_, source, problem) => {
    const { run, file } = program(source)
    const timeMs = source === hanging ? 1_000 : defaultProgramLimits.timeMs
    const gave = await run({ timeMs, memoryBytes: 64 * 1024 * 1024, documentBytes: 100_000 })
    expect(gave).toMatchObject({
      ok: false,
      problem: { code: "program_failed", severity: "error", pointer: "", file, ...problem },
    })
  })

  test("that throws a megabyte of what could be places is told where it threw", async () => {
    const { run, file } = program("\nthrow new Error(' /'.repeat(500_000))")
    expect(await run()).toMatchObject({ ok: false, problem: { file, line: 2, column: 7 } })
  })

  test("that is not there, or a folder, cannot be read", async () => {
    const { file, run } = program("")
    rmSync(file)
    expect(await run()).toMatchObject({
      problem: { code: "document_unreadable", message: expect.stringContaining("ENOENT"), file },
    })
    mkdirSync(file)
    expect(await run()).toMatchObject({
      problem: { message: expect.stringContaining("not a file") },
    })
  })
})

function program(source: string, { name = "registry.ts" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "program-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, name)
  writeFileSync(file, source)
  const run = (limits = defaultProgramLimits) => runProgram(file, limits)
  return { folder, file, run }
}
