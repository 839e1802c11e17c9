import { expect, test } from "vitest"
import { commands } from "../../src/cli/commands.ts"
import { cliReference } from "../../src/cli/help.ts"
import { generated } from "../docs/pages.ts"

test("docs/reference/cli.md is what the command table says (UPDATE=1 rewrites it)", () => {
  const { written, made } = generated("docs/reference/cli.md", cliReference(commands))
  expect(written).toBe(made)
})

test("the reference has a section for each command", () => {
  const page = cliReference(commands)
  expect(commands.length).toBeGreaterThan(0)
  for (const { name } of commands) expect(page).toContain(`\n## postern ${name}\n`)
})
