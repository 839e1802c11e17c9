import { fileURLToPath } from "node:url"
import { vi } from "vitest"
import { serveLegacy, serveModern, serveSse } from "../../support/backend-http.ts"
import { http, stdio } from "../../support/backend-world.ts"
import { backendContract } from "./contract.ts"

vi.setConfig({ testTimeout: 20_000 }) // processes start slowly on a busy machine

const child = fileURLToPath(import.meta.resolve("../../support/backend-child.ts"))

backendContract("legacy HTTP", "legacy", async () => http((await serveLegacy()).url))
backendContract("modern HTTP", "modern", async () => http((await serveModern()).url))
backendContract("HTTP+SSE", "legacy", async () => http((await serveSse()).url))
backendContract("legacy stdio", "legacy", async () => stdio([child, "legacy"]))
backendContract("modern stdio", "modern", async () => stdio([child, "modern"]))
