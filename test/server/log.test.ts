import { spawnSync } from "node:child_process"
import { openSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { printableUrl } from "../../src/server/log.ts"

const log = join(import.meta.dirname, "../../src/server/log.ts")

/** What a process logs that does `statement` with a `log`; its stderr may be a file. */
function logged(statement: string, options = { level: "info", to: "stderr" }, file?: string) {
  const script = `import { createLog } from ${JSON.stringify(log)}
const log = createLog(${JSON.stringify(options)})
${statement}`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module-typescript", "--eval", script],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", file === undefined ? "pipe" : openSync(file, "w")],
    },
  )
  return { stdout, stderr }
}

describe("the log", () => {
  test("is JSON lines with words for levels, on stderr, whole even when the process ends at once", () => {
    const { stdout, stderr } = logged(
      'log.info({ event: "a", n: 1 }); log.debug({ event: "no" }); log.warn({ event: "b" }); process.exit(0)',
    )
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(stdout).toBe("")
    expect(lines).toEqual([
      { level: "info", time, event: "a", n: 1 },
      { level: "warn", time, event: "b" },
    ])
  })

  test("that cannot be written, to a full disk or a terminal that is gone, ends nothing", () => {
    const script = `for (let n = 0; n < 1_000; n++) log.info({ event: "a", text: "x".repeat(10_000) })
console.log("goes on with", process.memoryUsage().rss < 4e8 ? "no more memory" : "all of it in memory")`
    expect(logged(script, undefined, "/dev/full").stdout).toBe("goes on with no more memory\n")
  })

  test("is on stdout where the configuration says so", () => {
    const { stdout, stderr } = logged('log.debug({ event: "a" })', { level: "debug", to: "stdout" })
    expect([JSON.parse(stdout).event, stderr]).toEqual(["a", ""])
  })

  test("holds no value under a name that sounds secret", () => {
    const { stderr } =
      logged(`log.info({ event: "a", authorization: "canary", request: { cookie: "canary",
      headers: { any: "canary" } }, env: { HOME: "canary" }, server: { auth: { token: "canary" } } })`)
    expect(stderr).toContain('"event":"a"')
    expect(stderr).not.toContain("canary")
  })
})

test("an address is printed without user, password, query and fragment", () => {
  expect(printableUrl("https://alice:wonder@h.example:8443/mcp?token=t#f")).toBe(
    "https://h.example:8443/mcp",
  )
  expect(printableUrl("no address")).toBe("(not an address)")
})
