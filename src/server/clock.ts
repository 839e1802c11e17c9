import type { Cancellation } from "../compose/run/cancellation.ts"
import type { Clock } from "../compose/run/ports.ts"

/** What setTimeout takes at most; a longer sleep ends early, 24 days from now. */
const timerMax = 2 ** 31 - 1

const { timeOrigin } = performance

/** Milliseconds since the epoch, with fractions, that never go back. */
export const nowMs = (): number => timeOrigin + performance.now()

/** Many wait for the same turn. */
let nextTurn: Promise<void> | undefined

/** The time of the machine. Its sleeps keep no process from ending. */
export const clock: Clock = {
  now: nowMs,
  random: Math.random,
  turn(): Promise<void> {
    nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        nextTurn = undefined
        resolve()
      })
    })
    return nextTurn
  },
  sleep(ms: number, cancellation: Cancellation): Promise<void> {
    if (cancellation.isCancelled) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        cancellation.release()
        resolve()
      }
      const timer = setTimeout(end, Math.min(ms, timerMax)).unref()
      cancellation.listen({ cancelled: end })
    })
  },
}
