import { execFileSync } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { signatureCheck } from "../../src/server/registry/signature.ts"
import { blocks } from "./pages.ts"

test("docs/how-to/serve-the-registry-over-http.md has a program whose signatures hold", async () => {
  const [program] = blocks("docs/how-to/serve-the-registry-over-http.md").filter(
    ({ language }) => language === "js",
  )
  const folder = mkdtempSync(join(tmpdir(), "postern-sign-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const files = {
    "signature.mjs": program?.text ?? "",
    "registry.json": "{}",
    "registry-key.pem": privateKey.export({ type: "pkcs8", format: "pem" }),
    "public.pem": publicKey.export({ type: "spki", format: "pem" }),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  execFileSync(process.execPath, ["signature.mjs"], { cwd: folder })
  const { verify } = signatureCheck({
    keys: join(folder, "public.pem"),
    algorithms: ["ES256"],
    url: "https://registry.example/registry.json.jws",
    header: "x-jws-signature",
  })
  const signature = readFileSync(join(folder, "registry.json.jws"), "utf8")
  expect(await verify(Buffer.from("{}"), signature)).toHaveProperty("signedAtMs")
})
