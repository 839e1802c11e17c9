import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { project, read } from "./pages.ts"

const page = "docs/explanation/threat-model.md"

/** The rows of the table of threats: number, threat, what holds it off, tests. */
const threats = [...read(page).matchAll(/^\| (\d+) \| (.*) \| (.*) \| (.*) \|$/gm)].map(
  ([, number, threat = "", defence = "", shown = ""]) => ({
    number: Number(number),
    threat,
    defence,
    shown,
    tests: [...shown.matchAll(/`([^`]+\.test\.ts) › ([^`]+)`/g)].map(
      ([, file = "", title = ""]) => ({
        file,
        title,
      }),
    ),
  }),
)

describe(page, () => {
  test("has sixty threats, in their order", () => {
    expect(threats.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1))
  })

  test.each(threats)("$number: $threat", ({ shown, tests }) => {
    if (tests.length === 0) expect(shown).toMatch(/^not yet a door: /)
    for (const { file, title } of tests) {
      expect(existsSync(join(project, file)), file).toBe(true)
      const source = readFileSync(join(project, file), "utf8")
      const isThere = [`"${title}"`, `\`${title}\``].some((text) => source.includes(text))
      expect([file, title, isThere]).toEqual([file, title, true])
    }
  })

  test("has no test of test/security that is in no row", () => {
    const named = threats.flatMap(({ tests }) => tests.map(({ title }) => title))
    for (const file of ["names", "reach"]) {
      const source = readFileSync(join(project, `test/security/${file}.test.ts`), "utf8")
      for (const [, title = ""] of source.matchAll(/"(row \d+: [^"]+)"/g))
        if (!source.includes(`describe("${title}"`)) expect(named).toContain(title)
    }
  })
})
