import { execFileSync, spawnSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import type { ListenTls } from "../../src/server/config/config.ts"
import { Secret } from "../../src/server/secret.ts"
import { namesIn } from "../../src/server/tls/client-certificates.ts"
import { readMaterial } from "../../src/server/tls/material.ts"
import { blocks } from "./pages.ts"

const page = "docs/how-to/use-tls-and-client-certificates.md"
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0

describe.skipIf(!hasOpenssl)(`${page} (skipped where there is no openssl)`, () => {
  test("makes certificates that do for a gateway and for an agent", () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-openssl-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const script = blocks(page).find(({ marks }) => marks.includes("openssl"))?.text
    execFileSync("sh", ["-e", "-c", String(script)], { cwd: folder, stdio: "ignore" })
    const file = (name: string) => join(folder, name)
    const tls: ListenTls = {
      cert: file("tls.crt"),
      key: new Secret("", { file: file("tls.key") }),
      clients: { ca: file("ca.pem"), areRequired: true },
      minVersion: "TLSv1.2",
    }
    expect(readMaterial(tls, Date.now())).toMatchObject({ host: "localhost" })
    const [ca, agent] = ["ca.pem", "agent.crt"].map(
      (name) => new X509Certificate(readFileSync(file(name))),
    )
    expect(ca && agent?.checkIssued(ca) && agent.verify(ca.publicKey)).toBe(true)
    expect(namesIn(agent?.subjectAltName, "URI")).toEqual([
      "spiffe://example.org/agent/research-agent/2.1.0",
    ])
  })
})
