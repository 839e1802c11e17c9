import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { test } from "vitest"
import { openFixture } from "../support/conformance-fixture.ts"

// The example that readers run before servers of their own: its exit code says whether all that is required passed.
const script = join(import.meta.dirname, "../../examples/conformance/suite.ts")
const run = promisify(execFile)

test.concurrent.for([
  ["carried as they are", []],
  ["in a registry that is made of them", ["--registered", "--revision", "2025-11-25"]],
] as const)(
  "a server of both eras passes what is required through the gateway, its tools %s",
  { timeout: 120_000 },
  async ([, options], { expect }) => {
    await using fixture = await openFixture("dual")
    const { stdout } = await run(process.execPath, [script, fixture.url, ...options])
    expect(stdout).toContain("# 2025-11-25, through http://127.0.0.1:")
    expect(stdout).toMatch(/^Total: \d{2} passed, 0 failed$/m)
  },
)
