// Load from a process of its own: its parent sends what is asked for, where and for how long, and gets what came of it.
import { setTimeout as sleep } from "node:timers/promises"
import { load, type Target } from "../../../bench/load.ts"

/** Callers who wait for each answer, and never rest. */
export interface Load {
  readonly target: Target & { readonly body: string }
  readonly connections: number
  readonly seconds: number
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

process.on("message", async (asked: Load | Offer) =>
  process.send?.("perSecond" in asked ? await offer(asked) : await load(asked.target, asked)),
)
process.on("disconnect", () => process.exit(0))
