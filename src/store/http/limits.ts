/** What a source over HTTP may take. */
export interface HttpLimits {
  /** From connecting to the last byte of the document, and of its signature. */
  readonly fetchMs: number
  readonly documentBytesMax: number
  /** The source is left alone for at most so long, whatever it asks for. */
  readonly retryMaxMs: number
  /** A stream of changes may be silent for so long. */
  readonly eventsIdleMs: number
}

export const defaultHttpLimits: Omit<HttpLimits, "documentBytesMax"> = {
  fetchMs: 30_000,
  retryMaxMs: 5 * 60_000,
  eventsIdleMs: 2 * 60_000,
}
