import { fileURLToPath } from "node:url"
import {
  type HonestServer,
  serveLegacy,
  serveModern,
  serveSse,
} from "../../support/backend-http.ts"
import { http, stdio, type World } from "../../support/backend-world.ts"
import { backendContract } from "./contract.ts"
import { followContract } from "./follow-contract.ts"

const child = fileURLToPath(import.meta.resolve("../../support/backend-child.ts"))

backendContract("legacy HTTP", "legacy", async () => http((await serveLegacy()).url))
backendContract("modern HTTP", "modern", async () => http((await serveModern()).url))
backendContract("HTTP+SSE", "legacy", async () => http((await serveSse()).url))
backendContract("legacy stdio", "legacy", async () => stdio([child, "legacy"]))
backendContract("modern stdio", "modern", async () => stdio([child, "modern"]))

const losable = async (serve: () => Promise<HonestServer>) => {
  const server = await serve()
  const lose = () => {
    server.forget()
    server.cut()
  }
  return { address: http(server.url), lose }
}
const losableChild = async (era: string) => ({
  address: stdio([child, era]),
  lose: async ({ call }: World) => void (await call("crash")),
})

followContract("legacy HTTP", () => losable(serveLegacy))
followContract("modern HTTP", () => losable(serveModern))
followContract("HTTP+SSE", () => losable(serveSse))
followContract("legacy stdio", () => losableChild("legacy"))
followContract("modern stdio", () => losableChild("modern"))
