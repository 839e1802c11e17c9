import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"

// A gateway is started often, and most of a start is loading modules. What only some gateways need is loaded when they
// need it; this holds a start to that, without a clock.

let loaded: readonly string[]
beforeAll(() => {
  const script = join(import.meta.dirname, "../support/start-modules-child.ts")
  loaded = JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" }))
}, 60_000)

const own = () => loaded.flatMap((url) => url.split("/src/").slice(1))
const packages = () => new Set(loaded.flatMap((url) => packageOf(url) ?? []))

function packageOf(url: string): string | undefined {
  const path = url.split("/node_modules/").at(-1)
  if (path === undefined || path === url) return undefined
  return path.split("/", path.startsWith("@") ? 2 : 1).join("/")
}

test("a start loads what it says here and no other direct dependency", () => {
  expect(own()).toContain("server/start.ts")
  const needed = ["@marcbachmann/cel-js", "ajv", "ajv-formats", "ipaddr.js", "jose", "json-p3"]
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
  const direct = Object.keys(dependencies).filter((name) => packages().has(name))
  expect(direct).toEqual([...needed, "pino", "re2js", "yaml", "zod"])
})

test("a start needs no other command, no published schema, no client", () => {
  const needless =
    /^(?:cli\/(?:validate|migrate|explain|tools|call|audit)|registry\/published\/|mcp\/client)/
  expect(own().filter((path) => needless.test(path))).toEqual([])
})

test("nobody imports the values of node:http: reading its WebSocket loads undici", () => {
  expect(loaded).not.toContain("node:http")
})
