/** A stdio MCP server for tests: `node backend-child.ts <era> [quirk…]`. */
import { spawn } from "node:child_process"
import { appendFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { Behaviour, type Message, type Send } from "./backend-behaviour.ts"

const [era, ...quirks] = process.argv.slice(2)
const has = (quirk: string) => quirks.includes(quirk)
const behaviour = new Behaviour(era === "modern" ? "modern" : "legacy")
const { BACKEND_CHILD_STARTS: starts } = process.env

if (starts !== undefined) appendFileSync(starts, `${process.pid}\n`)
if (has("crash-loop")) process.exit(3)
if (has("ignores-sigterm")) process.on("SIGTERM", () => {})
if (has("outlives-stdin")) setInterval(() => {}, 1_000)
if (has("stderr-secret")) process.stderr.write("the token is s3cret-value-9\n")
if (has("grandchild"))
  process.stderr.write(`grandchild ${spawn("sleep", ["300"], { stdio: "inherit" }).pid}\n`)

const send: Send = (message) => {
  const text = typeof message === "string" ? message : JSON.stringify(message)
  if (has("garbage")) process.stdout.write("starting up…\n{not json}\n[]\n42\n\n")
  process.stdout.write(`${text}\n`)
}

if (behaviour.era === "legacy") behaviour.news.open(send)

const result = (id: unknown, value: string) =>
  send({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: value }] } })

/** What only a process can do, by tool name. */
const special: Record<string, (message: Message) => void> = {
  crash: () => process.kill(process.pid, "SIGKILL"),
  env: ({ id }) => result(id, JSON.stringify(process.env)),
  pid: ({ id }) => result(id, String(process.pid)),
  seen: ({ id }) => result(id, behaviour.seen.join(" ")),
  huge: ({ id }) => {
    const filler = "x".repeat(50 * 1024 * 1024)
    process.stdout.write(`{"result":{"content":[],"x":"${filler}"},"jsonrpc":"2.0","id":"${id}"}\n`)
  },
  deaf: () => lines.pause(),
  wrong: () => result("0123456789abcdef", "not yours"),
  twice: ({ id }) => {
    result(id, "first")
    result(id, "second")
  },
}

const lines = createInterface({ input: process.stdin })
lines.on("line", (line) => {
  const message: Message = JSON.parse(line)
  const isEarly = message.method !== "initialize" && !behaviour.seen.includes("initialize")
  if (has("picky") && isEarly) process.exit(1)
  if (has("silent-to-probe") && message.method === "server/discover") return
  if (has("never-answers")) return
  const name = message.method === "tools/call" ? String(message.params?.["name"]) : ""
  const act = special[name]
  if (act === undefined) behaviour.handle(message, send)
  else act(message)
})
