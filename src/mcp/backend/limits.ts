/** What all backends of a gateway have in common; the limits of one server stand in its address. */
export interface BackendLimits {
  /** One attempt to connect: TCP and TLS, the probe, the handshake. */
  readonly connectMs: number
  /** How long a process on stdio may be silent to the probe before it is taken for a legacy server. */
  readonly probeMs: number
  /** How long a started HTTP server may take to open its port. */
  readonly startMs: number
  /** Processes that are starting at once; more wait. */
  readonly startsMax: number
  /** A start that takes longer lets the next one begin, so that servers that hang do not hold up the others. */
  readonly startTurnMs: number
  /** The first wait after a failed attempt; it doubles up to the second number. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** After this long without trouble, the next failure begins with the first wait again. */
  readonly healthyMs: number
  /** How long `close` lets calls in flight go on. */
  readonly drainMs: number
  /** Between the end of stdin and SIGTERM, and between SIGTERM and SIGKILL. */
  readonly terminateMs: number
  /** Bytes of all events of one call's stream; the limit of an answer is that of each event. */
  readonly streamBytesMax: number
  /** How often the stream of one answer is taken up after it broke, or the server ended it. */
  readonly resumptionsMax: number
  /** How long a stream may stay open after its answer. */
  readonly lingerMs: number
  /** How long a server may wait for answers to what it asked within one request. */
  readonly askingMs: number
  /** Requests to one server that wait for such answers without counting as in flight; more count. */
  readonly askingMax: number
  /** Sessions with one legacy server beside the plain one, and how long one of them may be unused. */
  readonly sessionsMax: number
  readonly sessionIdleMs: number
  /**
   * For a server whose callers do not share a process: how many processes there may be, how many of them for one
   * caller, and how long one may be unused.
   */
  readonly childrenMax: number
  readonly childrenPerCallerMax: number
  readonly childIdleMs: number
  /** One request to an authorization server, and bytes of its answer. */
  readonly tokenMs: number
  readonly tokenBytesMax: number
  /** Callers that one server is called for with an identity of their own, and how long one may be silent. */
  readonly callersMax: number
  readonly callerIdleMs: number
  /** Entries that are read of one server's list, their bytes as JSON, and pages. */
  readonly listedMax: number
  readonly listedBytesMax: number
  readonly listedPagesMax: number
  /** How long whoever asks for a list waits for a server; then what was last known is the answer. */
  readonly listWaitMs: number
  /** How long a list is fresh where the server does not say, as in the legacy era. */
  readonly listTtlMs: number
}

export const defaultLimits: BackendLimits = {
  connectMs: 10_000,
  probeMs: 2_000,
  startMs: 30_000,
  startsMax: 4,
  startTurnMs: 2_000,
  backoffMs: 250,
  backoffMaxMs: 30_000,
  healthyMs: 60_000,
  drainMs: 10_000,
  terminateMs: 2_000,
  streamBytesMax: 256 * 1024 * 1024,
  resumptionsMax: 1_000,
  lingerMs: 1_000,
  askingMs: 60 * 60_000,
  askingMax: 256,
  sessionsMax: 1_000,
  sessionIdleMs: 10 * 60_000,
  childrenMax: 16,
  childrenPerCallerMax: 8,
  childIdleMs: 10 * 60_000,
  tokenMs: 5_000,
  tokenBytesMax: 64 * 1024,
  callersMax: 1_000,
  callerIdleMs: 5 * 60_000,
  listedMax: 10_000,
  listedBytesMax: 16 * 1024 * 1024,
  listedPagesMax: 1_000,
  listWaitMs: 1_000,
  listTtlMs: 10_000,
}
