import type { Json, JsonObject } from "../../registry/model.ts"
import { isList, isObject, member } from "../../schema/json.ts"

/** A server as a client's file names it, before anything in it is filled in or taken out. */
export interface ClientServer {
  readonly name: string
  readonly isDisabled: boolean
  readonly way: StdioWay | HttpWay
}

export interface StdioWay {
  readonly kind: "stdio"
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly Pair[]
  /** A file of further variables. */
  readonly envFile: string | undefined
  readonly cwd: string | undefined
}

export interface HttpWay {
  readonly kind: "http"
  readonly url: string
  readonly headers: readonly Pair[]
}

export type Pair = readonly [name: string, value: string]

/** One entry of a client's file; a text says why it is no server that Postern can reach. */
export function readClientServer(name: string, entry: Json): ClientServer | string {
  if (!isObject(entry)) return "expected an object with a command or a url"
  const isDisabled = member(entry, "disabled") === true || member(entry, "enabled") === false
  const way = wayOf(entry)
  return typeof way === "string" ? way : { name, isDisabled, way }
}

function wayOf(entry: JsonObject): StdioWay | HttpWay | string {
  const type = text(entry, "type") ?? text(entry, "transport")
  if (type === "ws" || type === "websocket") return "WebSocket is no transport of MCP"
  const url = ["url", "serverUrl", "httpUrl"].flatMap((key) => text(entry, key) ?? [])[0]
  const command = member(entry, "command")
  const isStdio = type === "stdio" || type === "local" || url === undefined
  return command !== undefined && isStdio ? stdio(entry, command) : http(entry, url)
}

function http(entry: JsonObject, url: string | undefined): HttpWay | string {
  if (url === undefined) return "expected a command or a url"
  const init = member(entry, "requestInit")
  const written =
    member(entry, "headers") ??
    member(entry, "http_headers") ??
    (isObject(init) ? member(init, "headers") : undefined)
  const headers = pairs(written)
  return headers === undefined
    ? "headers: expected names with texts"
    : { kind: "http", url, headers }
}

function stdio(entry: JsonObject, command: Json): StdioWay | string {
  if (isObject(command)) {
    const { path, ...others } = command // Zed's older form
    return path === undefined ? "command: expected a path" : stdio({ ...entry, ...others }, path)
  }
  const words = commandWords(command, member(entry, "args"))
  if (words === undefined) return "command, args: expected texts"
  const [program, ...args] = words
  if (program === undefined || program === "") return "command: is empty"
  const env = pairs(member(entry, "env") ?? member(entry, "environment"))
  if (env === undefined) return "env: expected names with texts"
  return {
    kind: "stdio",
    command: program,
    args,
    env,
    envFile: text(entry, "envFile"),
    cwd: text(entry, "cwd") ?? text(entry, "workingDirectory"),
  }
}

/**
 * Program and arguments. A command without `args` that holds blanks is a line, which clients split or give to a shell;
 * one with a path may be a path with blanks in it.
 */
function commandWords(command: Json, args: Json | undefined): readonly string[] | undefined {
  if (isList(command)) return texts([...command, ...(isList(args) ? args : [])])
  if (typeof command !== "string") return
  if (args === undefined || args === null)
    return /^[\w.@-]+\s[^"'\\]*$/.test(command) ? command.trim().split(/\s+/) : [command]
  return isList(args) ? texts([command, ...args]) : undefined
}

function texts(values: readonly Json[]): readonly string[] | undefined {
  const written = values.map(textOf)
  return written.every((value) => value !== undefined) ? written : undefined
}

/** Names with texts; numbers, true and false count as texts, and what is null is not there. */
function pairs(written: Json | undefined): readonly Pair[] | undefined {
  if (written === undefined || written === null) return []
  if (!isObject(written)) return
  const all = Object.entries(written).filter(([, value]) => value !== null)
  const found = all.flatMap(([name, value]): Pair[] => {
    const as = textOf(value)
    return as === undefined ? [] : [[name, as]]
  })
  return found.length === all.length ? found : undefined
}

function textOf(value: Json): string | undefined {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined
}

function text(entry: JsonObject, key: string): string | undefined {
  const value = member(entry, key)
  return typeof value === "string" ? value : undefined
}
