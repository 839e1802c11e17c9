import type { JsonObject } from "../../../schema/json.ts"
import { type Failure, protocolFailure } from "../failure.ts"
import { Inquiry, type Outcome } from "../outgoing.ts"
import { readInitialize } from "../verdict.ts"
import { type Envelope, type Identity, initializeParams } from "../wire.ts"
import type { RpcExchange } from "./rpc-exchange.ts"
import { isWireId } from "./wire-id.ts"

/** Sends a request of the gateway itself with the given headers and waits for its end. Never rejects. */
export type Ask = (
  inquiry: Inquiry,
  headers: string[],
  envelope: Envelope | undefined,
) => Promise<{ readonly outcome: Outcome; readonly exchange: RpcExchange }>

export type Session =
  | {
      readonly ok: true
      readonly id: string | undefined
      readonly version: string
      readonly capabilities: JsonObject | undefined
      readonly greeting: JsonObject
    }
  | { readonly ok: false; readonly failure: Failure }

/** `initialize`: agrees on a version, and on a session where the server gives one. `declared` are our capabilities. */
export async function initialize(
  ask: Ask,
  identity: Identity,
  declared: JsonObject,
  headers: string[],
): Promise<Session> {
  const inquiry = new Inquiry("initialize", initializeParams(identity, declared))
  const { outcome, exchange } = await ask(inquiry, headers, undefined)
  const greeted = readInitialize(outcome)
  if (!greeted.ok) {
    if (outcome.kind !== "error" || exchange.status === 200) return greeted
    // The status tells a server that refuses this handshake from one that does not know the transport.
    const { status } = exchange
    return { ok: false, failure: { ...greeted.failure, status, rpcCode: outcome.error.code } }
  }
  const { version, capabilities, greeting } = greeted
  const id = exchange.headers["mcp-session-id"]
  if (id === undefined) return { ok: true, id, version, capabilities, greeting }
  if (typeof id !== "string" || !isWireId(id))
    return refused("the session id is not visible ASCII of at most 1024 characters")
  return { ok: true, id, version, capabilities, greeting }
}

export const slowHandshake: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server did not answer the handshake in time",
}

const refused = (reason: string): Session => ({ ok: false, failure: protocolFailure(reason) })
