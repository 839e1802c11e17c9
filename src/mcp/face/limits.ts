/**
 * Every limit of the MCP face, with its default. Beyond one there is a clear refusal; nothing is lost and nobody else
 * is slowed.
 */
export interface FaceLimits {
  /** Bytes of one request body. */
  readonly bodyBytesMax: number
  /** Nesting of one request body: deeper JSON parses, but cannot be printed or validated. */
  readonly depthMax: number
  /** JSON values in one request body. */
  readonly nodesMax: number
  /** Requests are turned away while work makes the event loop later than this. */
  readonly loopDelayMs: number
  /** A session that nobody used for so long is over, whether or not its GET stream is open. */
  readonly sessionIdleMs: number
  /** From initialize to the end of the sealed token, however busy the session. */
  readonly sessionLifetimeMs: number
  readonly sessionsMax: number
  /** One caller's sessions; of those without a call in flight the longest unused one makes room for the next. */
  readonly sessionsPerCallerMax: number
  /** Resources that one session, or one listen stream, is subscribed to. */
  readonly subscriptionsMax: number
  /** GET and listen streams open at once, and how many of them one caller may have. */
  readonly streamsMax: number
  readonly streamsPerCallerMax: number
  /** Bytes waiting for a reader of a stream; a slower one is cut off. */
  readonly streamBufferBytesMax: number
  /** Characters of sent events that are kept for one session, so that its client can come back to a lost stream. */
  readonly replayBytesMax: number
  /** The same for all sessions together. */
  readonly replayBytesTotalMax: number
  /** How long clients are asked to wait before they come back to a lost stream. */
  readonly streamRetryMs: number
  /** Silence on a stream before a comment keeps it open; also: before a quiet call's answer becomes a stream. */
  readonly keepAliveMs: number
  /** Tools on one page of `tools/list`. */
  readonly listPageMax: number
  /** How long a modern client may keep a list without asking again. */
  readonly listTtlMs: number
  /** Reloads within this time are told as one. */
  readonly listChangedDebounceMs: number
}

export const faceLimits: FaceLimits = {
  bodyBytesMax: 4 * 1024 * 1024,
  depthMax: 64,
  nodesMax: 100_000,
  loopDelayMs: 100,
  sessionIdleMs: 30 * 60_000,
  sessionLifetimeMs: 24 * 60 * 60_000,
  sessionsMax: 20_000,
  sessionsPerCallerMax: 10_000,
  subscriptionsMax: 1_000,
  streamsMax: 10_000,
  streamsPerCallerMax: 5_000,
  streamBufferBytesMax: 1024 * 1024,
  replayBytesMax: 256 * 1024,
  replayBytesTotalMax: 64 * 1024 * 1024,
  streamRetryMs: 1_000,
  keepAliveMs: 15_000,
  listPageMax: 1_000,
  listTtlMs: 0,
  listChangedDebounceMs: 250,
}
