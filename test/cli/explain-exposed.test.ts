import { rmSync } from "node:fs"
import { expect, onTestFinished, test } from "vitest"
import { command } from "../support/command.ts"
import { makeWorld } from "../support/e2e-gateway.ts"

const url = "http://127.0.0.1:9/mcp"

test("postern explain names the servers whose own tools an agent gets, and nobody else's", async () => {
  const world = makeWorld({
    registry: { tools: { echo: "web" }, agents: { a: ["echo"], b: ["echo"] } },
    servers: {
      "web:1.0.0": { url },
      "own:1.0.0": { url, expose: "all", prefix: "old", to: ["a"] },
      "plain:1.0.0": { url, expose: "all", to: ["*"] },
    },
  })
  onTestFinished(() => rmSync(world.folder, { recursive: true }))
  const explain = (...more: string[]) => command(["explain", "--config", world.configFile, ...more])

  const mine = await explain("--agent", "a@1.0.0")
  expect(mine.code).toBe(0)
  expect(mine.stdout).toMatch(/^\+ own@1\.0\.0 — its tools that nobody registered .*old__/m)
  expect(mine.stdout).toMatch(/^\+ plain@1\.0\.0 — its tools that nobody registered/m)
  const other = await explain("--agent", "b@1.0.0")
  expect(other.stdout).toMatch(/^\+ plain@1\.0\.0/m)
  expect(other.stdout).not.toMatch(/own@1\.0\.0/)
  const { exposed } = JSON.parse((await explain("--agent", "a@1.0.0", "--json")).stdout)
  expect(exposed).toMatchObject([
    { server: { name: "own" }, prefix: "old" },
    { server: { name: "plain" } },
  ])
})
