// Load from a process of its own: its parent sends what is asked for, where and for how long, and gets what came of it.
import { setTimeout as sleep } from "node:timers/promises"
import { crowd, load, type Target } from "../../../bench/load.ts"
import { cpuSecondsOf } from "./processor-time.ts"

/** Callers who wait for each answer, and never rest. */
export interface Load {
  readonly target: Target & { readonly body: string }
  readonly connections: number
  readonly seconds: number
}

/** The same, from when every caller has had an answer until the process that is asked has worked for so long. */
export interface Pressing extends Omit<Load, "seconds"> {
  readonly pid: number
  /** Of its processor time; a machine that gives it little of that takes longer, and no less is counted. */
  readonly cpuSeconds: number
}

/** What came of it in that time. */
export interface Pressed {
  readonly good: number
  readonly turnedAway: number
  /** Of the process that was asked. */
  readonly cpuSeconds: number
}

/** Calls that come at their time, however many are open. */
export interface Offer {
  readonly target: Load["target"]
  readonly perSecond: number
  readonly seconds: number
}

/** What came of them. */
export interface Offered {
  readonly made: number
  readonly good: number
  /** Turned away, with a time to come back. */
  readonly told: number
  /** From the first call to the last answer. */
  readonly seconds: number
}

/** A process that has nothing to do does not work for long. */
const patienceMs = 20_000

async function press({ connections, cpuSeconds, pid, target }: Pressing): Promise<Pressed> {
  const all = Promise.withResolvers<void>()
  const settled = Promise.withResolvers<void>()
  const heard = new Set<number>()
  const count = { good: 0, turnedAway: 0 }
  let open = 0
  let isOver = false
  const gone = crowd(target, {
    connections,
    // A process that works accepts one connection a turn: they come together all the same.
    accepted() {
      if (++open === connections) all.resolve()
      return all.promise
    },
    isOver: () => isOver,
    answered(connection, isGood) {
      count[isGood ? "good" : "turnedAway"]++
      if (heard.add(connection).size === connections) settled.resolve()
    },
  })
  await settled.promise
  const before = { ...count, cpuSeconds: cpuSecondsOf(pid) }
  const untilMs = performance.now() + patienceMs
  while (cpuSecondsOf(pid) < before.cpuSeconds + cpuSeconds && performance.now() < untilMs)
    await sleep(20)
  const pressed = {
    good: count.good - before.good,
    turnedAway: count.turnedAway - before.turnedAway,
    cpuSeconds: cpuSecondsOf(pid) - before.cpuSeconds,
  }
  isOver = true
  await gone
  return pressed
}

async function offer({ target, perSecond, seconds }: Offer): Promise<Offered> {
  const came: Promise<"good" | "told" | "other">[] = []
  const startedMs = performance.now()
  while (came.length < perSecond * seconds) {
    const due = ((performance.now() - startedMs) / 1_000) * perSecond
    for (let n = came.length; n < Math.min(due, perSecond * seconds); n++) came.push(call(target))
    await sleep(5)
  }
  const fates = await Promise.all(came)
  const count = (fate: string) => fates.filter((one) => one === fate).length
  const took = (performance.now() - startedMs) / 1_000
  return { made: fates.length, good: count("good"), told: count("told"), seconds: took }
}

async function call({ port, path, headers, body }: Load["target"]) {
  const url = `http://127.0.0.1:${port}${path}`
  const text = await fetch(url, { method: "POST", headers, body }).then(
    (response) => response.text(),
    () => "lost",
  )
  if (/"code":"overloaded","retryAfterMs":\d+/.test(text)) return "told"
  return text.includes('"structuredContent"') ? "good" : "other"
}

function answerTo(asked: Load | Offer | Pressing) {
  if ("perSecond" in asked) return offer(asked)
  return "pid" in asked ? press(asked) : load(asked.target, asked)
}

process.on("message", async (asked: Load | Offer | Pressing) =>
  process.send?.(await answerTo(asked)),
)
process.on("disconnect", () => process.exit(0))
