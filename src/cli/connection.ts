import { readFileSync } from "node:fs"
import type { ClientOptions, ClientProblem } from "../mcp/client.ts"
import { written } from "../registry/model.ts"
import { type Given, type Io, type Option, UsageError } from "./command.ts"
import { printable } from "./printable.ts"
import { parseRef } from "./ref.ts"
import { version } from "./version.ts"

/** How `tools` and `call` reach a gateway, and as whom. */
export const connectionOptions: Readonly<Record<string, Option>> = {
  url: {
    type: "string",
    short: "u",
    value: "URL",
    summary: "the MCP endpoint; otherwise POSTERN_URL or http://127.0.0.1:3000/mcp",
  },
  agent: {
    type: "string",
    short: "a",
    value: "NAME@VERSION",
    summary: "whom to call as: sent as X-Agent-Name and X-Agent-Version",
  },
  token: {
    type: "string",
    value: "VARIABLE",
    summary: "the environment variable that holds a bearer token",
  },
  cert: {
    type: "string",
    value: "FILE",
    summary:
      "a client certificate to show (PEM), with --key; NODE_EXTRA_CA_CERTS=FILE believes more",
  },
  key: { type: "string", value: "FILE", summary: "the file with its private key (PEM)" },
  header: { type: "string", multiple: true, value: "'NAME: VALUE'", summary: "a further header" },
  era: { type: "string", value: "ERA", summary: "auto, legacy or modern (default auto)" },
  timeout: { type: "string", value: "MS", summary: "milliseconds for one request (default 60000)" },
  json: { type: "boolean", summary: "the answer as JSON" },
}

/** A day. Node takes what is more than some 24 days for one millisecond. */
const timeoutMaxMs = 86_400_000

const eras = ["auto", "legacy", "modern"] as const

export function connectionOf(given: Given, io: Io): ClientOptions {
  const url = given.text("url") ?? io.env["POSTERN_URL"] ?? "http://127.0.0.1:3000/mcp"
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError("--url: expected an address such as http://127.0.0.1:3000/mcp")
  if (new URL(url).username !== "" || new URL(url).password !== "")
    throw new UsageError("--url: user and password do not belong in it; use --token or --header")
  const era = eras.find((one) => one === (given.text("era") ?? "auto"))
  if (era === undefined) throw new UsageError(`--era: one of ${eras.join(", ")}`)
  const timeoutMs = Number(given.text("timeout") ?? 60_000)
  if (!(timeoutMs > 0 && timeoutMs <= timeoutMaxMs))
    throw new UsageError(`--timeout: milliseconds, more than 0 and at most ${timeoutMaxMs}`)
  const identity = { name: "postern-cli", version: version() }
  const sent = new Map([...headers(given, io)])
  for (const [name, value] of sent) {
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new UsageError(`${name}: holds a character that no header can carry`)
  }
  const certificate = certificateOf(given)
  return { url, era, timeoutMs, identity, headers: sent, ...(certificate && { certificate }) }
}

function certificateOf(given: Given): ClientOptions["certificate"] {
  const [cert, key] = [given.text("cert"), given.text("key")]
  if (cert === undefined && key === undefined) return
  if (cert === undefined || key === undefined)
    throw new UsageError("--cert and --key: a certificate needs its key, and a key its certificate")
  return { cert: pemIn(cert, "--cert"), key: pemIn(key, "--key") }
}

function pemIn(file: string, option: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`${option}: cannot be read: ${words}`, { cause })
  }
}

function* headers(given: Given, io: Io): Generator<[string, string]> {
  const agent = given.text("agent")
  if (agent !== undefined) {
    const { name, version } = parseRef(agent)
    yield ["x-agent-name", name]
    if (version !== undefined) yield ["x-agent-version", version]
  }
  const variable = given.text("token")
  if (variable !== undefined) {
    if (!/^\w+$/.test(variable))
      // it may be the token itself, which is told to nobody
      throw new UsageError("--token: name the environment variable that holds the token")
    const token = io.env[variable]
    if (token === undefined)
      throw new UsageError(`--token: ${variable} is not set in the environment`)
    yield ["authorization", `Bearer ${token}`]
  }
  for (const header of given.texts("header")) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*)$/.exec(header) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError(`--header: ${JSON.stringify(header)} is not 'NAME: VALUE'`)
    }
    yield [name.toLowerCase(), value]
  }
}

/** A failed request in words, on stderr; its data, too, where the gateway sent some. */
export function reportProblem({ message, hint, data }: ClientProblem, given: Given, io: Io): void {
  if (given.flag("json")) io.out.write(`${JSON.stringify({ error: { message, hint, data } })}\n`)
  else io.err.write(`${printable(message)}\n  ${hint}\n`)
}

const nobody = "nobody (no --agent, no --token and no --cert)"

/** Whom the command calls as, for its messages. */
export function whoOf(given: Given): string {
  const agent = given.text("agent")
  if (agent !== undefined) return written(parseRef(agent))
  if (given.text("token") !== undefined) return "the token's agent"
  return given.text("cert") === undefined ? nobody : "the certificate's agent"
}
