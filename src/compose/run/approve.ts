import type { Ask } from "../plan/plan.ts"
import type { PersonsAnswer } from "./durable/event.ts"
import type { RunLog } from "./durable/run-log.ts"
import { type Failure, failure, type Result } from "./outcome.ts"
import { computed, fail, held, stopped, type Work } from "./work.ts"

/** A question is read by a person. */
const messageBytesMax = 4_096

/**
 * Asks a person (compositions §11.5): the question is noted, and the run comes to rest. It goes on when the answer is in the
 * journal, maybe days later and in another process, and then comes by here once more.
 */
export async function approve(ask: Ask, work: Work): Promise<Result> {
  const { run, path, stop } = work
  const { log } = run.parts
  if (log === undefined) return fail(work, unjournaled)
  const { asked, answered } = log.state.step(path) ?? {}
  if (answered !== undefined) return given(answered, work)
  const refused = stop.reason ?? log.refusalOf(path)
  if (refused !== undefined) return stopped(work, refused)
  const failed = asked === undefined ? begin(ask, work, log) : undefined
  if (failed !== undefined) return failed
  await log.durable() // what became ready together with it begins meanwhile
  run.ask()
  return stopped(work, run.halt.reason ?? waiting)
}

/** What keeps the question from being asked, if something does. */
function begin(
  { message, schema, to, timeoutMs }: Ask,
  work: Work,
  log: RunLog,
): Result | undefined {
  const text = computed(message, work)
  if (!text.ok) return text
  if (typeof text.value !== "string" || text.value === "") return fail(work, wordless)
  if (Buffer.byteLength(text.value) > messageBytesMax) return fail(work, tooLong)
  const untilMs = work.run.parts.ports.clock.now() + timeoutMs
  const data = { message: text.value, to, untilMs, ...(schema !== undefined && { schema }) }
  log.note({ kind: "ask", step: work.path, data })
  return
}

function given({ action, content = {} }: PersonsAnswer, work: Work): Result {
  work.run.distrust()
  return action === "accept" ? held(content, work) : fail(work, refusals[action])
}

const declined = (message: string): Failure => failure("declined", message)

const refusals: Readonly<Record<Exclude<PersonsAnswer["action"], "accept">, Failure>> = {
  decline: declined("the person who was asked declined"),
  cancel: declined("the question was dismissed without an answer"),
  timeout: declined("nobody answered in time"),
}

const unjournaled = failure("journal", "nobody can be asked here: this run has no journal")
const wordless = failure("binding", "there is nothing to ask: the message is no text")
const tooLong = failure("budget", `the question is longer than ${messageBytesMax} bytes`)
const waiting = { class: "cancelled", message: "it waits for an answer" } as const
