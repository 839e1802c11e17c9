/** What a source over HTTP may take. */
export interface HttpLimits {
  /** From connecting to the last byte of the document, and of its signature. */
  readonly fetchMs: number
  readonly documentBytesMax: number
  /** The longest that the source is left alone, whatever it asks for. */
  readonly retryMaxMs: number
  /** How long a stream of changes may be silent. */
  readonly eventsIdleMs: number
}

export const defaultHttpLimits: Omit<HttpLimits, "documentBytesMax"> = {
  fetchMs: 30_000,
  retryMaxMs: 5 * 60_000,
  eventsIdleMs: 2 * 60_000,
}
