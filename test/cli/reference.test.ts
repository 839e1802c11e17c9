import { expect, test } from "vitest"
import { allCommands, commands } from "../../src/cli/commands.ts"
import { cliReference } from "../../src/cli/help.ts"
import { generated } from "../docs/pages.ts"

test("docs/reference/cli.md is what the command table says (UPDATE=1 rewrites it)", async () => {
  const { written, made } = generated("docs/reference/cli.md", cliReference(await allCommands()))
  expect(written).toBe(made)
})

test("the reference has a section for each command", async () => {
  const page = cliReference(await allCommands())
  expect(commands.size).toBeGreaterThan(0)
  for (const name of commands.keys()) expect(page).toContain(`\n## postern ${name}\n`)
})

test("each command is found under the name that it says of itself", async () => {
  expect((await allCommands()).map(({ name }) => name)).toEqual([...commands.keys()])
})
