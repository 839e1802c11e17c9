// The official conformance suite against the gateway before a server of yours: `suite.ts URL [--registered] [--revision R]`.
// As it is, the gateway carries the server's own tools; with --registered they are put in a registry first.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { startGateway } from "../support/gateway.ts"
import { registryOf } from "./registry-of.ts"

const { values, positionals } = parseArgs({
  options: {
    registered: { type: "boolean", default: false },
    revision: { type: "string", multiple: true, default: ["2025-11-25", "2026-07-28"] },
  },
  allowPositionals: true,
})
const [url] = positionals
if (url === undefined || !URL.canParse(url)) {
  console.error("usage: npm run -s conformance -- URL [--registered] [--revision 2025-11-25]")
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), "postern-conformance-"))
const env: Record<string, string> = { CONFORMANCE_SERVER: url }
if (values.registered) {
  env["CONFORMANCE_REGISTRY"] = join(folder, "registry.json")
  writeFileSync(
    env["CONFORMANCE_REGISTRY"],
    JSON.stringify(await registryOf(new URL(url)), null, 2),
  )
}

const suite = join(import.meta.dirname, "../../node_modules/.bin/conformance")
{
  await using gateway = await startGateway("examples/conformance/postern.yaml", env)
  for (const revision of values.revision) {
    console.log(`\n# ${revision}, through ${gateway.url}`)
    const args = ["server", "--url", gateway.url.href, "--requirements", revision]
    const run = spawn(process.execPath, [suite, ...args], {
      stdio: ["ignore", "inherit", "inherit"],
    })
    const [code] = await once(run, "close")
    if (code !== 0) process.exitCode = 1
  }
}
rmSync(folder, { recursive: true, force: true })
