/**
 * A stdio MCP server that misbehaves as its arguments say: `node e2e-child.ts [quirk…]`. Without any it is an honest
 * modern one, with the tools `echo`, `held` (never answered), `pid`, `env`, `crash`, `garbage`, `wrong`, `huge` and
 * `endless`.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

const quirks = process.argv.slice(2)
if (quirks.includes("crash-loop")) process.exit(3)
if (quirks.includes("leaky"))
  process.stderr.write(`starting with ${process.env["LEAK_TOKEN"]} on ${process.env["DATABASE"]}\n`)
if (quirks.includes("deaf-to-signals")) process.on("SIGTERM", () => {})
if (quirks.includes("grandchild")) spawn("sleep", ["600"], { stdio: "ignore" }).unref()
if (quirks.includes("noisy")) process.stdout.write('hello\n{"half":\n[]\n42\n\u0000\u0001\n')

const send = (id: unknown, body: object) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...body })}\n`)
const text = (id: unknown, value: string) =>
  send(id, { result: { content: [{ type: "text", text: value }], resultType: "complete" } })

const acts: Readonly<Record<string, (id: unknown, args: unknown) => void>> = {
  echo: (id, args) => text(id, JSON.stringify(args)),
  held: () => undefined,
  pid: (id) => text(id, String(process.pid)),
  env: (id) => text(id, Object.keys(process.env).sort().join(" ")),
  crash: () => process.kill(process.pid, "SIGKILL"),
  garbage: (id) => {
    process.stdout.write("<html>\n{}\n")
    text(id, "after the garbage")
  },
  wrong: (id) => {
    text(`${id}0`, "for nobody")
    text(id, "for you")
  },
  huge: (id) => text(id, "x".repeat(100 * 1024 * 1024)),
  endless: () => {
    const more = () => {
      while (process.stdout.write("y".repeat(65_536)));
    }
    process.stdout.on("drain", more) // one line without an end, until somebody ends this process
    more()
  },
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (quirks.includes("mute")) return
  if (method === "server/discover")
    send(id, { result: { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } } })
  else if (method === "tools/list") send(id, { result: { tools: [] } })
  else if (method === "tools/call") {
    const act = acts[params.name]
    if (act === undefined) send(id, { error: { code: -32602, message: "Unknown tool" } })
    else act(id, params.arguments)
  }
})
