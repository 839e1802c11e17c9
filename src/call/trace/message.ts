/** The JSON-RPC message that a request came as, or went on as. For whoever makes traces: nothing else hangs on it. */
export interface TracedMessage {
  /** Of the request; undefined for a notification. */
  readonly id: string | number | undefined
  /** The revision of MCP that is spoken; undefined while nobody has agreed on one. */
  readonly revision: string | undefined
  /** Names the session of the legacy era. Not what its client shows: with that, requests can be made. */
  readonly session: string | undefined
}
