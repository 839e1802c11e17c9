import type { RpcError } from "../../call/backends.ts"
import type { Opening } from "./link.ts"

/** Links answer with a failure; what they throw is the system's: no memory for a process, an argument it does not take. */
export const unopened = (error: unknown): Opening => ({
  ok: false,
  failure: { code: "backend_unavailable", kind: "exited", reason: `not started: ${error}` },
})

/** The server does not have what the registry says it provides: its list is worth a look. */
export const isUnknownTool = ({ code, message }: RpcError): boolean =>
  code === -32601 || (code === -32602 && /unknown tool|not found/i.test(message))
