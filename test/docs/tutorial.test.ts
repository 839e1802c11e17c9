import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { startGateway } from "../../examples/support/gateway.ts"
import { blocks, project } from "./pages.ts"
import { makeWorld, run, type Typed, typedIn, withOutputs } from "./session.ts"

const page = "docs/tutorial/a-refused-call.md"
const deadlineMs = 20_000

/** What a reader does, in the order of the page. */
type Step =
  | { readonly does: "types"; readonly typed: Typed }
  | { readonly does: "edits"; readonly file: string; readonly diff: string }

const steps: Step[] = blocks(page).flatMap(({ language, marks, text }): Step[] => {
  if (language === "console" && marks.includes("session"))
    return typedIn(language, text).map((typed) => ({ does: "types", typed }))
  const file = marks.find((mark) => mark.startsWith("file="))?.slice("file=".length)
  return language === "diff" && file !== undefined ? [{ does: "edits", file, diff: text }] : []
})

test(`${page} can be followed from top to bottom (UPDATE=1 rewrites the output)`, {
  timeout: 120_000,
}, async () => {
  const world = makeWorld()
  onTestFinished(world.remove)
  await using gateway = await startGateway(join(world.folder, "config/postern.yaml"))
  const admin = /admin +(\S+)/.exec(gateway.banner)?.[1] ?? ""
  const text = readFileSync(join(project, page), "utf8")
  const done: { typed: Typed; actual: string }[] = []
  for (const step of steps) {
    if (step.does === "edits") {
      await edit(join(world.folder, step.file), step.diff, () => looksAt(admin))
      continue
    }
    const { line, exit } = step.typed
    keepAudit(gateway.auditFile, world.folder)
    const real = await run(step.typed, { cwd: world.folder, url: gateway.url.href })
    expect({ line, exit: real.exit }, real.output).toEqual({ line, exit })
    done.push({ typed: step.typed, actual: real.output })
  }
  const updated = withOutputs(text, done)
  if (process.env["UPDATE"]) writeFileSync(join(project, page), updated)
  expect(readFileSync(join(project, page), "utf8")).toBe(updated)
  expect(steps.length).toBeGreaterThan(10)
})

/** How often the gateway has accepted or refused a document. */
async function looksAt(admin: string): Promise<number> {
  const { registry } = (await (await fetch(`${admin}/status`)).json()) as {
    registry: { generation: number; refusals: number }
  }
  return registry.generation + registry.refusals
}

/** Saves what the diff says, and waits until the gateway has looked at it. */
async function edit(file: string, diff: string, looks: () => Promise<number>): Promise<void> {
  const lines = diff.split("\n").slice(0, -1)
  const side = (sign: string) =>
    lines
      .filter((line) => line.startsWith(" ") || line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join("")
  const before = readFileSync(file, "utf8")
  expect(before.split(side("-"))).toHaveLength(2) // what the page shows stands there, once
  const seen = await looks()
  writeFileSync(
    file,
    before.replace(side("-"), () => side("+")),
  )
  const until = performance.now() + deadlineMs
  while ((await looks()) === seen) {
    if (performance.now() > until) throw new Error(`the gateway has not noticed:\n${diff}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The test's gateway writes its audit elsewhere; the reader's is in `var/`. */
function keepAudit(auditFile: string, folder: string): void {
  mkdirSync(join(folder, "var"), { recursive: true })
  copyFileSync(auditFile, join(folder, "var/audit.jsonl"))
}
