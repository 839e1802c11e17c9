import type { RpcId } from "../jsonrpc.ts"

/** The codes of JSON-RPC 2.0 and of MCP 2026-07-28 that the face itself uses. */
export const codes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /** Outside the reserved range of the specification only by custom: what legacy clients know as "no such session". */
  legacyNoSession: -32001,
} as const

/** A request answered by an error: the HTTP status and the JSON-RPC error, which has no code where HTTP says it all. */
export interface Fail {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: unknown
  /** Headers beside the usual ones, in lower case: `allow`, `retry-after`, `www-authenticate`. */
  readonly headers?: Readonly<Record<string, string>>
}

export const fail = (status: number, code: number, message: string, data?: unknown): Fail =>
  data === undefined ? { status, code, message } : { status, code, message, data }

/** Before a body is read, no JSON-RPC code fits: the HTTP status as a positive integer stands in. */
export const httpFail = (
  status: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Fail =>
  headers === undefined
    ? { status, code: status, message }
    : { status, code: status, message, headers }

/** The JSON-RPC error message. An id that could not be read is left out: `null` is not a legal id in MCP. */
export function errorText(failure: Fail, id: RpcId | undefined): string {
  const { code, message, data } = failure
  const error = JSON.stringify(data === undefined ? { code, message } : { code, message, data })
  return id === undefined
    ? `{"jsonrpc":"2.0","error":${error}}`
    : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${error}}`
}

/** The JSON-RPC response around a result that is JSON text already. */
export const resultText = (id: RpcId, result: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
