import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { signatureCheck } from "../../src/server/registry/signature.ts"
import { blocks } from "./pages.ts"

const page = "docs/how-to/serve-the-registry-over-http.md"

test.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
  `${page} has a program whose signatures hold, and makes its keys (skipped where there is no openssl)`,
  async () => {
    const [program] = blocks(page).filter(({ language }) => language === "js")
    const folder = mkdtempSync(join(tmpdir(), "postern-sign-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const files = {
      "signature.mjs": program?.text ?? "",
      "registry.json": "{}",
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const makeKeys = blocks(page).find(({ marks }) => marks.includes("openssl"))?.text
    execFileSync("sh", ["-e", "-c", String(makeKeys)], { cwd: folder, stdio: "ignore" })
    execFileSync(process.execPath, ["signature.mjs"], { cwd: folder })
    const { verify } = signatureCheck({
      keys: join(folder, "registry-key.pub.pem"),
      algorithms: ["ES256"],
      url: "https://registry.example/registry.json.jws",
      header: "x-jws-signature",
    })
    const signature = readFileSync(join(folder, "registry.json.jws"), "utf8")
    expect(await verify(Buffer.from("{}"), signature)).toHaveProperty("signedAtMs")
  },
)
