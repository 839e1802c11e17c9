import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import type { Hold } from "../interaction/hold.ts"
import type { Interactions } from "../interaction/interactions.ts"
import { isAsking } from "../interaction/round-result.ts"
import type { Asking } from "./asking.ts"
import { about } from "./await-task.ts"
import { relatedTo } from "./shape.ts"

interface Opened {
  readonly hold: Hold
  /** What it asks now, by name. */
  asked: JsonObject
  /** Ends when it asks something, or is over. */
  coming: Promise<void>
}

/** A `tasks/get` waits no longer for questions that its server says there are. */
const patienceMs = 1000

/**
 * The questions of legacy servers about tasks of modern callers. Such a server asks within `tasks/result` only, so one stays
 * open from when the task needs input; its questions are told by `tasks/get` and answered by `tasks/update`.
 */
export class TaskQuestions {
  readonly #opened = new Map<string, Opened>()
  readonly #interactions: Pick<Interactions, "conversation" | "hold">

  constructor(interactions: Pick<Interactions, "conversation" | "hold">) {
    this.#interactions = interactions
  }

  /** What the task's server asks, as `inputRequests`. */
  async open(asking: Asking): Promise<JsonObject> {
    const key = keyOf(asking)
    const opened = this.#opened.get(key) ?? this.#begin(key, asking)
    await Promise.race([opened.coming, sleep(patienceMs, undefined, { ref: false })])
    return opened.asked
  }

  /** Takes the caller's answers; in words why they are of no use. */
  answer(asking: Asking): string | undefined {
    const key = keyOf(asking)
    const opened = this.#opened.get(key)
    if (opened === undefined)
      return "the task asks nothing here; tasks/get says what it asks, if anything"
    const next = opened.hold.resume(nobody, asking.responses ?? {})
    if (typeof next === "string") return next
    opened.asked = {}
    opened.coming = this.#told(opened, next)
    return undefined
  }

  #begin(key: string, asking: Asking): Opened {
    const { place, request, send, taskId } = asking
    const hold = this.#interactions.hold({
      principal: place.principal,
      method: "tasks/result",
      about: taskId,
    })
    const opened: Opened = { hold, asked: {}, coming: Promise.resolve() }
    this.#opened.set(key, opened)
    const talk = this.#interactions.conversation(place.capabilities ?? {}, place.server, (one) =>
      hold.put(one),
    )
    const first = hold.begin(nobody, async () => {
      const reply = await send({
        ...about(request, "tasks/result", place.id),
        peer: place.capabilities && {
          capabilities: place.capabilities,
          ask: ({ params, ...asked }) =>
            talk.ask({ ...asked, params: params && relatedTo(taskId, params) }),
        },
        cancellation: hold.cancellation,
        onNotification: undefined,
      })
      this.#opened.delete(key)
      return reply
    })
    opened.coming = this.#told(opened, first)
    return opened
  }

  async #told(opened: Opened, coming: Promise<BackendReply>): Promise<void> {
    const reply = await coming
    if (!isAsking(reply)) return
    const { inputRequests } = reply.result
    if (isObject(inputRequests)) opened.asked = inputRequests
  }
}

const keyOf = ({ place }: Asking): string =>
  JSON.stringify([place.principal, place.server, place.id])

const nobody = { cancellation: undefined, onNotification: undefined } as const
