import type { JsonObject } from "../schema/json.ts"
import { isObject } from "../schema/json.ts"
import type { Command } from "./command.ts"
import { connectionOf, connectionOptions, reportProblem, whoOf } from "./connection.ts"
import { printableLine } from "./printable.ts"

export const tools: Command = {
  name: "tools",
  summary: "List the tools that a gateway shows an agent",
  arguments: "",
  options: connectionOptions,
  details: `Asks a running gateway (or any MCP server over Streamable HTTP), in either protocol era.
Exit code 1 when it refuses or cannot be reached.`,
  async run(given, io) {
    const { listTools } = await import("../mcp/client.ts")
    const answer = await listTools(connectionOf(given, io))
    if (!answer.ok) {
      reportProblem(answer.problem, given, io)
      return 1
    }
    if (given.flag("json")) io.out.write(`${JSON.stringify(answer.value, null, 2)}\n`)
    else for (const line of table(answer.value)) io.out.write(`${line}\n`)
    if (answer.value.length === 0) io.err.write(`${whoOf(given)} sees no tools\n`)
    return 0
  },
}

function table(found: readonly JsonObject[]): string[] {
  const rows = found.map((tool) => [
    printableLine(`${text(tool["name"])}${versionOf(tool)}`),
    printableLine(argumentsOf(tool["inputSchema"])),
    printableLine(text(tool["description"]).split("\n", 1)[0] ?? ""),
  ])
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
}

const text = (value: unknown) => (typeof value === "string" ? value : "")

function versionOf({ _meta }: JsonObject): string {
  const ours = isObject(_meta) ? _meta["dev.postern/tool"] : undefined
  const version = isObject(ours) ? ours["version"] : undefined
  return typeof version === "string" ? `@${version}` : ""
}

/** `(query, limit?)`: what a person needs to write a call. */
function argumentsOf(schema: unknown): string {
  if (!isObject(schema) || !isObject(schema["properties"])) return "()"
  const required = Array.isArray(schema["required"]) ? schema["required"] : []
  const names = Object.keys(schema["properties"])
  return `(${names.map((name) => (required.includes(name) ? name : `${name}?`)).join(", ")})`
}
