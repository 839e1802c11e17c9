import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { run } from "../../src/cli/cli.ts"
import { fixtureText } from "../support/registries.ts"

const folder = mkdtempSync(join(tmpdir(), "diff-"))
afterAll(() => rmSync(folder, { recursive: true }))

const library = readFileSync(join(import.meta.dirname, "golden/diff/library.json"), "utf8")

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** The command, as it is typed; on a terminal, if that is said. */
async function diff(args: readonly string[], isTTY = false) {
  const written = { out: "", err: "" }
  const stream = (to: keyof typeof written) => ({
    write(text: string) {
      written[to] += text
    },
    isTTY,
  })
  const code = await run(["diff", ...args], { out: stream("out"), err: stream("err"), env: {} })
  return { code, ...written }
}

type Told = Readonly<Record<"kind" | "name" | "promise" | "truth" | "verdict", string | undefined>>

const old = file("old.json", library)
const lying = file("lying.json", library.replace("Finds books", "Finds books, and more"))

describe("postern diff", () => {
  test("ends with 0 when nothing lies, and with 1 when a version does", async () => {
    expect(await diff([old, old])).toEqual({ code: 0, out: "nothing changed\n", err: "" })
    expect(await diff([old, lying])).toMatchObject({ code: 1, err: "" })
  })

  test("says everything as JSON", async () => {
    const { code, out } = await diff([old, lying, "--json"])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      old: { file: old, digest: expect.stringMatching(/^sha256:/) },
      entities: [
        {
          kind: "tool",
          name: "find_books",
          fate: "changed",
          verdict: "words",
          promise: "same",
          truth: "lie",
          changes: [{ at: "description", verdict: "words" }],
          touches: [
            { node: { kind: "tool", name: "lend_first" }, isComposition: true },
            { node: { kind: "agent", name: "librarian" } },
            { node: { kind: "skill", name: "librarian", part: "lend" } },
            { node: { kind: "agent", name: "concierge" }, path: [{}, {}, {}] },
          ],
        },
      ],
    })
  })

  test("refuses a document that does not load, with its problems", async () => {
    const broken = file("broken.json", library.replaceAll("#Query:1.0.0", "#Nope:1.0.0"))
    const { code, out, err } = await diff([old, broken])
    expect({ code, out }).toEqual({ code: 1, out: "" })
    expect(err).toMatch(/broken\.json:\d+:\d+ +error schema_not_found/)
    expect((await diff([join(folder, "none.json"), old])).err).toContain("document_unreadable")
  })

  test.each(["flagship", "pattern-demos-v1", "pattern-catalog-v1", "variant-dialect"])(
    "finds no difference between %s and its migration: dialects are read on either side",
    async (name) => {
      const written = file(`${name}.json`, fixtureText(`${name}.json`))
      const migrated = join(folder, `${name}-2.json`)
      const io = { out: { write() {} }, err: { write() {} }, env: {} }
      expect(await run(["migrate", written, "--output", migrated], io)).toBe(0)
      expect(await diff([written, migrated])).toEqual({
        code: 0,
        out: "nothing changed\n",
        err: "",
      })
    },
  )

  test("calls nothing a lie that has no version", async () => {
    const v1 = fixtureText("pattern-demos-v1.json")
    const old = file("v1.json", v1)
    const next = file("v1-changed.json", v1.replace(/"description": "/, '"description": "Now: '))
    const { code, out } = await diff([old, next])
    expect(code).toBe(0)
    expect(out).toContain("nothing but words; its version promises nothing")
  })

  test("finds the lie where it is when what changed has no version to lie with", async () => {
    const v0 = library.replaceAll("#Query:1.0.0", "#Query").replace('"version": "1.0.0",', "")
    const old = file("unversioned.json", v0)
    const next = file("narrowed.json", v0.replace('"text": {', '"text": { "minLength": 1,'))
    const { code, out } = await diff([old, next, "--json"])
    expect(code).toBe(1)
    const told = JSON.parse(out).entities.map(({ kind, name, promise, truth, verdict }: Told) => {
      return [kind, name, promise, truth ?? "says nothing", verdict].join(" ")
    })
    expect(told).toEqual([
      "schema Query nothing said says nothing breaking",
      "tool find_books same lie breaking",
      "tool lend_first same lie breaking",
      "agent librarian same lie breaking",
    ])
  })

  test("lets a version be deprecated in place, and nothing else with it", async () => {
    const deprecated = library.replace(
      '"description": "Finds books"',
      '"description": "Finds books", "deprecated": true, "deprecationMessage": "use seek"',
    )
    const { code, out } = await diff([old, file("deprecated.json", deprecated)])
    expect(code).toBe(0)
    expect(out).toContain("find_books@1.0.0: nothing but words, as its version says")
    const also = file("also.json", deprecated.replace("Finds books", "Finds all books"))
    expect((await diff([old, also])).code).toBe(1)
  })

  test("is coloured on a terminal and nowhere else, and says how it is used", async () => {
    expect((await diff([old, lying], true)).out).toContain("\u001b[31m✗")
    expect((await diff([old, lying])).out).not.toContain("\u001b")
    expect((await diff([old])).code).toBe(2)
  })
})
