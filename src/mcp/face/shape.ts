import type { RpcError } from "../../call/backends.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { RpcId } from "../jsonrpc.ts"

/** A JSON-RPC message as the schema of MCP draws it: no member beside those named, ids strings or integers. */
export type Message =
  | {
      readonly kind: "request"
      readonly id: RpcId
      readonly method: string
      readonly params: JsonObject | undefined
    }
  | {
      readonly kind: "notification"
      readonly method: string
      readonly params: JsonObject | undefined
    }
  | {
      readonly kind: "response"
      readonly id: RpcId | undefined
      readonly outcome: { readonly result: JsonObject } | { readonly error: RpcError }
    }

/** Reads one message; undefined for what is none (a batch included). */
export function messageOf(value: unknown): Message | undefined {
  if (!isObject(value) || value["jsonrpc"] !== "2.0") return undefined
  const method = value["method"]
  if (method === undefined) return responseOf(value)
  if (typeof method !== "string" || !onlyKeys(value, requestKeys)) return undefined
  const params = value["params"]
  if (params !== undefined && !isParams(params)) return undefined
  if (!("id" in value)) return { kind: "notification", method, params }
  const id = value["id"]
  return isId(id) ? { kind: "request", id, method, params } : undefined
}

/** The id to answer under when the message around it is not sound. */
export const idOf = (value: unknown): RpcId | undefined =>
  isObject(value) && isId(value["id"]) ? value["id"] : undefined

const requestKeys: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params"])
const resultKeys: ReadonlySet<string> = new Set(["jsonrpc", "id", "result"])
const errorKeys: ReadonlySet<string> = new Set(["jsonrpc", "id", "error"])

function onlyKeys(value: JsonObject, keys: ReadonlySet<string>): boolean {
  for (const key in value) if (!keys.has(key)) return false
  return true
}

const isId = (id: unknown): id is RpcId => typeof id === "string" || Number.isSafeInteger(id)

function responseOf(value: JsonObject): Message | undefined {
  const { id, result, error } = value
  if (isObject(result) && isId(id) && onlyKeys(value, resultKeys)) {
    return isMeta(result["_meta"]) ? { kind: "response", id, outcome: { result } } : undefined
  }
  if (!isObject(error) || !(id === undefined || isId(id)) || !onlyKeys(value, errorKeys))
    return undefined
  const { code, message, data } = error
  if (typeof code !== "number" || !Number.isSafeInteger(code)) return undefined
  if (typeof message !== "string") return undefined
  const told = data === undefined ? { code, message } : { code, message, data }
  return { kind: "response", id, outcome: { error: told } }
}

const isMeta = (meta: unknown): boolean => meta === undefined || isObject(meta)

/** Params are an object; the two members of `_meta` that MCP gives a meaning in both eras have their types. */
function isParams(params: unknown): params is JsonObject {
  if (!isObject(params)) return false
  const meta = params["_meta"]
  if (meta === undefined) return true
  if (!isObject(meta)) return false
  const token = meta["progressToken"]
  if (token !== undefined && !isId(token)) return false
  const task = meta["io.modelcontextprotocol/related-task"]
  return task === undefined || (isObject(task) && typeof task["taskId"] === "string")
}
