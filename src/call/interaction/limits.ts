/** What may be asked of callers, and for how long. */
export interface InteractionLimits {
  /** An answer is waited for so long, and as long again with each sign of progress. */
  readonly questionMs: number
  /** Counted from the beginning of the request: questions that come later are not asked. */
  readonly totalMs: number
  /** Questions within one request. */
  readonly questionsMax: number
  /** Requests whose answer waits for a modern caller to come back: of all callers, and of one. */
  readonly heldMax: number
  readonly heldPerCallerMax: number
}

export const interactionLimits: InteractionLimits = {
  questionMs: 10 * 60_000,
  totalMs: 60 * 60_000,
  questionsMax: 32,
  heldMax: 1_000,
  heldPerCallerMax: 100,
}
