import type { Json, JsonObject } from "../../registry/model.ts"
import { isList, isObject, member } from "../../schema/json.ts"
import { type ClientServer, readClientServer } from "./client-server.ts"

/** A value that the client asks its user for (VS Code's `inputs`). */
export interface ClientInput {
  readonly id: string
  readonly description: string | undefined
  /** What the user sees in the field at first; never of a password. */
  readonly default: string | undefined
}

export interface ClientFile {
  readonly servers: readonly ClientServer[]
  readonly inputs: readonly ClientInput[]
  /** Entries that name no server, by their names, and why. */
  readonly wrong: readonly { readonly name: string; readonly message: string }[]
}

/**
 * The servers in a file of an MCP client: `mcpServers` (Claude Desktop and Code, Cursor, Windsurf, Cline, Gemini CLI),
 * `servers` (VS Code's `mcp.json`), `mcp.servers` (its settings), `context_servers` (Zed), `mcp` (opencode), or nothing
 * but servers by their names. Undefined for a file that has none of these.
 */
export function readClientFile(tree: JsonObject): ClientFile | undefined {
  const holder = holderOf(tree)
  if (holder === undefined) return
  const servers: ClientServer[] = []
  const wrong: { name: string; message: string }[] = []
  for (const [name, entry] of named(holder.servers)) {
    const read = readClientServer(name, entry)
    if (typeof read === "string") wrong.push({ name, message: read })
    else servers.push(read)
  }
  return { servers, inputs: inputsIn(holder.beside), wrong }
}

interface Holder {
  readonly servers: Json
  /** The object in which `inputs` stand. */
  readonly beside: JsonObject
}

const keys = ["mcpServers", "servers", "context_servers", "amp.mcpServers"]

function holderOf(tree: JsonObject): Holder | undefined {
  for (const key of keys) {
    const servers = member(tree, key)
    if (isObject(servers) || isList(servers)) return { servers, beside: tree }
  }
  const mcp = member(tree, "mcp")
  if (isObject(mcp)) return holderOf(mcp) ?? { servers: mcp, beside: tree }
  return isBare(tree) ? { servers: tree, beside: {} } : undefined
}

const isBare = (tree: JsonObject): boolean => {
  const entries = Object.values(tree)
  return entries.length > 0 && entries.every((entry) => isObject(entry) && isServer(entry))
}

const isServer = (entry: JsonObject) =>
  ["command", "url", "serverUrl", "httpUrl"].some((key) => Object.hasOwn(entry, key))

/** Some clients write a list whose elements have names. */
function named(servers: Json): [string, Json][] {
  if (isObject(servers)) return Object.entries(servers)
  if (!isList(servers)) return []
  return servers.map((entry, index) => {
    const name = isObject(entry) ? member(entry, "name") : undefined
    return [typeof name === "string" ? name : `server-${index + 1}`, entry]
  })
}

function inputsIn(beside: JsonObject): ClientInput[] {
  const inputs = member(beside, "inputs")
  if (!isList(inputs)) return []
  return inputs.filter(isObject).flatMap((input) => {
    const { id, description, default: first, password } = input
    if (typeof id !== "string") return []
    const isShown = password !== true && typeof first === "string"
    return [
      {
        id,
        description: typeof description === "string" ? description : undefined,
        default: isShown ? first : undefined,
      },
    ]
  })
}
