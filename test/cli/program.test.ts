import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { postern, project } from "../support/e2e-process.ts"

/*
 * A registry that is a program, beside the document that it makes: every command that takes the one takes the other, and
 * says the same of both.
 */

const folder = mkdtempSync(join(tmpdir(), "postern-program-"))
afterAll(() => rmSync(folder, { recursive: true }))
const [document, program] = [join(folder, "registry.json"), join(folder, "registry.ts")]

beforeAll(async () => {
  const own = join(project, "config/registry.json")
  await Promise.all([
    postern(["migrate", own, "--output", document]),
    postern(["migrate", own, "--to", "typescript", "--output", program]),
  ])
  for (const [name, source] of [
    ["document.yaml", "registry.json"],
    ["program.yaml", "registry.ts"],
  ] as const) {
    const text = readFileSync(join(project, "config/postern.yaml"), "utf8")
    writeFileSync(join(folder, name), text.replace("registry.json", source))
  }
})

const commands = [
  "validate FILE",
  "migrate FILE",
  "graph FILE",
  `diff FILE ${document}`,
  "sbom export FILE",
  "explain --agent research-agent@2.1.0 --config CONFIG",
]

describe("a registry program", () => {
  test.each(commands)("is taken where the document is: %s", async (command) => {
    const said = await Promise.all([
      postern(words(command, { FILE: document, CONFIG: join(folder, "document.yaml") })),
      postern(words(command, { FILE: program, CONFIG: join(folder, "program.yaml") })),
    ])
    const [ofDocument, ofProgram] = said.map(({ code, stdout }) => ({
      code,
      stdout: stdout
        .replace(/"timestamp": "[^"]+"/, "")
        .replaceAll(/\b(registry|program|document)\.(ts|json|yaml)\b/g, "registry"),
    }))
    expect(ofDocument?.code).toBe(0)
    expect(ofDocument?.stdout).not.toBe("")
    expect(ofProgram).toEqual(ofDocument)
  })

  test("that makes no sound registry is said to, at its line, and ends with 1", async () => {
    const wrong = join(folder, "wrong.ts")
    writeFileSync(
      wrong,
      `import { agent, registry, toolNamed } from "postern"\n
      export default registry({ agents: [
        agent("a", "1.0.0").depends(toolNamed("nowhere", "1.0.0")),
      ] })`,
    )
    const failing = join(folder, "failing.ts")
    writeFileSync(failing, `\nthrow new Error("not now")`)
    const [unsound, failed] = await Promise.all([
      postern(["migrate", wrong]),
      postern(["validate", failing]),
    ])
    expect(unsound).toMatchObject({ code: 1, stdout: "" })
    expect(unsound.stderr).toContain(`${wrong}:4:29 error tool_not_found `)
    expect(failed.code).toBe(1)
    expect(failed.stdout).toContain(
      `${failing}:2:7 error program_failed "" — the program failed: not now`,
    )
  })

  test("is not written over by import", async () => {
    const said = await postern(["import", "nothing.json", "--registry", program])
    expect(said.code).not.toBe(0)
    expect(readFileSync(program, "utf8")).toContain("export default registry(")
  })

  test("is written in a form that there is", async () => {
    const said = await postern(["migrate", document, "--to", "yaml"])
    expect(said).toMatchObject({ code: 2, stdout: "" })
    expect(said.stderr).toContain("--to: one of json, typescript")
  })
})

const words = (command: string, files: Readonly<Record<string, string>>): string[] =>
  command.split(" ").map((word) => files[word] ?? word)
