import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type RunningGateway, startGateway } from "../../examples/support/gateway.ts"
import { type Block, blocks, pages, project } from "./pages.ts"
import { makeWorld, runHere, type Typed, typedIn, withOutputs } from "./session.ts"

// One gateway and one folder for all pages but the first tutorial, which changes its world as it goes.
let gateway: RunningGateway
let world: ReturnType<typeof makeWorld>
beforeAll(async () => {
  world = makeWorld()
  gateway = await startGateway()
  mkdirSync(join(world.folder, "var"))
  symlinkSync(gateway.auditFile, join(world.folder, "var/audit.jsonl"))
  process.chdir(world.folder) // relative paths are the reader's
})
afterAll(async () => {
  process.chdir(project)
  await gateway[Symbol.asyncDispose]()
  world.remove()
})

const isTyped = ({ language, marks }: Block) =>
  language === "sh" || (language === "console" && marks.includes("session"))

const typedPages = pages
  .filter((page) => page !== "docs/tutorial/a-refused-call.md")
  .map((page) => ({ page, typed: blocks(page).filter(isTyped) }))
  .filter(({ typed }) => typed.length > 0)

/** ```json as=PATH``` is a file that the commands of the page may name. */
function writeFiles(page: string): void {
  for (const { marks, text } of blocks(page)) {
    const path = marks.find((mark) => mark.startsWith("as="))?.slice("as=".length)
    if (path !== undefined) writeFileSync(join(world.folder, path), text)
  }
}

describe.each(typedPages)("$page", ({ page, typed }) => {
  test("what it says to type does what it says (UPDATE=1 rewrites the output)", {
    timeout: 120_000,
  }, async () => {
    writeFiles(page)
    const text = readFileSync(join(project, page), "utf8")
    const done: { typed: Typed; actual: string }[] = []
    for (const { language, text: block } of typed) {
      const commands = typedIn(language, block)
      const answers = await Promise.all(commands.map((one) => runHere(one, gateway.url.href)))
      for (const [index, { exit, output }] of answers.entries()) {
        const one = commands[index]
        if (one === undefined) continue
        expect({ line: one.line, exit }, output).toEqual({ line: one.line, exit: one.exit })
        done.push({ typed: one, actual: output })
      }
    }
    const updated = withOutputs(text, done)
    if (process.env["UPDATE"]) writeFileSync(join(project, page), updated)
    expect(readFileSync(join(project, page), "utf8")).toBe(updated)
  })
})

test("some page says what to type", () => {
  expect(typedPages.map(({ page }) => page)).toContain("README.md")
})
