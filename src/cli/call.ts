import { isObject, type JsonObject } from "../schema/json.ts"
import { type Command, type Given, type Io, UsageError } from "./command.ts"
import { connectionOf, connectionOptions, reportProblem } from "./connection.ts"
import { printable, printableLine } from "./printable.ts"
import { timelineLines } from "./timeline.ts"

export const call: Command = {
  name: "call",
  summary: "Call a tool through a gateway, as an agent",
  arguments: "TOOL",
  options: {
    args: { type: "string", value: "JSON", summary: "the arguments as a JSON object" },
    trace: { type: "boolean", summary: "how the call went in time, a line for each step" },
    ...connectionOptions,
  },
  details: `Prints the result's text, or its structured content; with --trace how it went below (with --json it is in the result's _meta). Exit code 1 when the call is refused, or the tool says that it
failed; what to do about it is printed.`,
  async run(given, io) {
    const [tool = ""] = given.arguments
    const args = argumentsOf(given.text("args"))
    const { callTool } = await import("../mcp/client.ts")
    const isTraced = given.flag("trace")
    let tookMs = 0
    const answer = await callTool(connectionOf(given, io), tool, args, {
      ...(isTraced && { meta: { "dev.postern/trace": true } }),
      took: (ms) => {
        tookMs = ms
      },
    })
    if (!answer.ok) {
      reportProblem(answer.problem, given, io)
      return 1
    }
    print(answer.value, given, io)
    if (isTraced && !given.flag("json"))
      for (const line of timelineLines(tool, answer.value, tookMs))
        io.out.write(`${printableLine(line)}\n`)
    return answer.value["isError"] === true ? 1 : 0
  },
}

function argumentsOf(text: string | undefined): JsonObject {
  if (text === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`--args is not JSON: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
  if (!isObject(value)) throw new UsageError(`--args: a JSON object, such as '{"query": "tide"}'`)
  return value
}

function print(result: JsonObject, given: Given, io: Io): void {
  if (given.flag("json")) {
    io.out.write(`${JSON.stringify(result, null, 2)}\n`)
    return
  }
  const where = result["isError"] === true ? io.err : io.out
  const structured = result["structuredContent"]
  if (structured !== undefined) {
    where.write(`${printable(JSON.stringify(structured, null, 2))}\n`)
    return
  }
  const blocks = Array.isArray(result["content"]) ? result["content"].filter(isObject) : []
  for (const { type, text } of blocks) {
    where.write(
      typeof text === "string" ? `${printable(text)}\n` : `[${printable(String(type))}]\n`,
    )
  }
}
