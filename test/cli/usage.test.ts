import { exec } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, describe, expect, test } from "vitest"
import { allCommands, commands } from "../../src/cli/commands.ts"
import { commandHelp } from "../../src/cli/help.ts"
import { command } from "../support/command.ts"
import { postern } from "../support/e2e-process.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-cli-"))
afterAll(() => rmSync(folder, { recursive: true }))

describe("help", () => {
  test.concurrent.for([[], ["help"], ["-h"]])(
    "names every command: postern %j",
    async (args, { expect }) => {
      const { code, stdout, stderr } = await command(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      for (const { name, summary } of await allCommands()) {
        expect(stdout).toContain(`  ${name}`)
        expect(stdout).toContain(summary)
      }
    },
  )

  test.concurrent.for([...commands.keys()])(
    "of one command says what the reference says: postern %s --help",
    async (name, { expect }) => {
      const definition = await commands.get(name)?.()
      if (definition === undefined) throw new Error(`no command ${name}`)
      const { code, stdout, stderr } = await command([...name.split(" "), "--help"])
      expect({ code, stderr, stdout }).toEqual({
        code: 0,
        stderr: "",
        stdout: commandHelp(definition),
      })
    },
  )

  test.concurrent.for([
    ["runs", "--help"],
    ["runs", "-h"],
    ["help", "runs"],
  ])("of a group of commands names those: postern %s %s", async (args, { expect }) => {
    const { code, stdout, stderr } = await command(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const named = (await allCommands()).filter(({ summary }) => stdout.includes(summary))
    const own = [...commands.keys()].filter((name) => name.startsWith("runs "))
    expect(named.map(({ name }) => name)).toEqual(own)
  })

  test("may go to a reader that has had enough", async () => {
    const line = `"${process.execPath}" src/main.ts schema registry | true`
    expect((await promisify(exec)(line)).stderr).toBe("")
  })

  test("has a version", async () => {
    const { code, stdout } = await postern(["--version"])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^postern \d+\.\d+\.\d+, node v\d+\.\d+\.\d+\n$/)
  })
})

describe("wrong usage ends with 2, and says what would be right:", () => {
  const wrong: [string, RegExp][] = [
    ["serv", /there is no command "serv"; did you mean serve\?/],
    ["zzz", /there is no command "zzz"; postern help lists them/],
    ["audit", /postern audit: one of audit verify/],
    ["audit verfy x", /postern audit: one of audit verify/],
    ["help zzz", /there is no command "zzz"/],
    ["serve now", /"now" is one argument too many/],
    ["serve --config", /--config: its value is missing\nSee/],
    ["tools --timeout -5", /--timeout: its value is missing; .* is written --timeout=-…\nSee/],
    ["serve --confg x", /there is no option --confg; did you mean --config\?/],
    ["validate", /FILE is missing/],
    ["validate --jsn x", /there is no option --jsn; did you mean --json\?/],
    ["validate --json=yes x", /does not take an argument/],
    ["migrate", /FILE is missing/],
    ["migrate a b", /"b" is one argument too many/],
    ["schema", /registry\|config is missing/],
    ["schema regist", /"regist" has no schema; say registry or config/],
    ["explain", /--agent NAME@VERSION or --tool NAME is missing/],
    ["tools extra", /"extra" is one argument too many/],
    ["tools --url nowhere", /--url: expected an address/],
    ["tools --url file:///etc/passwd", /--url: expected an address/],
    ["tools --url http://me:secret@x/", /user and password do not belong in it/],
    ["tools --era stone", /--era: one of auto, legacy, modern/],
    ["tools --timeout soon", /--timeout: milliseconds, more than 0/],
    ["tools --timeout 1e12", /--timeout: milliseconds, more than 0 and at most 86400000/],
    ["tools --timeout 0", /--timeout: milliseconds, more than 0/],
    ["tools --agent @1", /"@1" is not a name; write name@version/],
    ["tools --agent ümläut→@1", /holds a character that no header can carry/],
    ["tools --header nocolon", /"nocolon" is not 'NAME: VALUE'/],
    ["tools --token e30.e30.x", /^postern tools: --token: name the environment variable that/],
    ["tools --token NOT_SET", /NOT_SET is not set in the environment/],
    ["call", /TOOL is missing/],
    ["call x --args {", /--args is not JSON: /],
    ["call x --args []", /--args: a JSON object/],
    ["audit verify", /FILE is missing/],
  ]
  test.concurrent.for(wrong)("postern %s", async ([line, words], { expect }) => {
    const { code, stdout, stderr } = await command(line.split(" "))
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr).toMatch(words)
    expect(stderr).not.toMatch(/^\s+at |secret/m)
  })

  test.concurrent.for(["serve", "explain --agent a@1"])(
    "postern %s, in a folder without a configuration",
    async (line, { expect }) => {
      const { code, stdout, stderr } = await postern(line.split(" "), { cwd: folder })
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toMatch(/no configuration: .*name one with --config FILE/)
    },
  )
})
