import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { programOf } from "../../src/dsl/source/program.ts"
import * as library from "../../src/index.ts"
import { fixtureText } from "../support/registries.ts"
import { canonical } from "../support/run-source.ts"
import { blocks, pages, project, read } from "./pages.ts"

const written = pages.flatMap((page) =>
  blocks(page)
    .filter(({ language }) => language === "ts")
    .map(({ line, text }) => [`${page}:${line}`, text] as const),
)

test("what the pages show of TypeScript compiles, and so does what migrate writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-types-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const programs = ["flagship", "golden-v2-full", "pattern-catalog-v1", "pattern-demos-v1"].map(
    (name) => [name, programOf(canonical(fixtureText(`${name}.json`)))] as const,
  )
  const sources = [...written, ...programs]
  expect(sources.length).toBeGreaterThan(6) // it did look
  for (const [name, text] of sources)
    writeFileSync(join(folder, `${name.replaceAll(/\W/g, "-")}.ts`), text)
  const tsconfig = {
    extends: join(project, "tsconfig.json"),
    compilerOptions: {
      paths: { postern: [join(project, "src/index.ts")] },
      typeRoots: [join(project, "node_modules/@types")],
    },
    include: ["*.ts"],
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  const tsc = join(project, "node_modules/typescript/bin/tsc")
  expect(compile(tsc, folder)).toBe("")
}, 120_000)

/** What the compiler has to say. */
function compile(tsc: string, folder: string): string {
  try {
    return execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" })
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error)
  }
}

test("the reference of the builder names all that the package exports", () => {
  const page = read("docs/reference/typescript-builder.md")
  const names = Object.keys(library)
  expect(names.length).toBeGreaterThan(40) // it did look
  expect(names.filter((name) => !new RegExp(`\`[^\`\\n]*\\b${name}\\b`).test(page))).toEqual([])
})

test("the limits that the reference gives are those of the code", () => {
  const page = readFileSync(join(project, "docs/reference/limits.md"), "utf8")
  expect(page).toMatch(/`registryProgramTimeout` \| 10s/)
  expect(page).toMatch(/`registryProgramMemory` \| 512MiB/)
})
