import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { Fate } from "../../../src/call/fate.ts"
import type { Peer } from "../../../src/call/interaction/peer.ts"
import { Question } from "../../../src/call/interaction/question.ts"
import type { Refusal } from "../../../src/call/refusal.ts"
import { FailureShare, type ServerBreaker } from "../../../src/call/resilience/failure-share.ts"
import { GuardedBackends } from "../../../src/call/resilience/guarded-backends.ts"
import {
  type Admission,
  BreakerState,
  type Verdict,
} from "../../../src/compose/run/state/breaker-state.ts"
import { answering, done } from "../../support/gateway.ts"
import { VirtualClock } from "../../support/virtual-clock.ts"

const server = { name: "web", version: "1", entity: { name: "web", provides: [], extra: {} } }
const policy: ServerBreaker = {
  failures: 3,
  share: 0.5,
  callsMin: 10,
  windowMs: 10_000,
  resetMs: 5_000,
  successes: 1,
}

const failed = (fate: Fate, more: Partial<Refusal> = {}): BackendReply => ({
  kind: "refusal",
  refusal: { code: "backend_error", subject: "t", reason: "r", fate, ...more } as Refusal,
})

/** A server that answers so, one answer after the other, and then well. */
function world(
  answers: readonly (BackendReply | "hang")[],
  { retries = 0, breaker = policy } = {},
) {
  const clock = new VirtualClock()
  const told: string[] = []
  const asked: BackendRequest[] = []
  let release = () => {}
  const inner = answering((_, request) => {
    asked.push(request)
    const answer = answers[asked.length - 1] ?? done()
    if (answer !== "hang") return Promise.resolve(answer)
    return new Promise((resolve) => {
      release = () => resolve(done())
    })
  })
  const guarded = new GuardedBackends(inner, {
    clock,
    tell: (name, standing) => told.push(`${name} ${standing}`),
  })
  guarded.use(new Map([["web@1", { breaker, retries }]]))
  const send = (more: Partial<BackendRequest> = {}) =>
    guarded.request(server, {
      method: "tools/call",
      subject: "t",
      name: "t",
      params: {},
      meta: undefined,
      cancellation: undefined,
      onNotification: undefined,
      ...more,
    })
  const word = async (more?: Partial<BackendRequest>) => {
    const reply = await clock.until(send(more))
    return reply.kind === "refusal" ? reply.refusal.code : reply.kind
  }
  return { clock, told, asked, guarded, send, word, release: () => release() }
}

const times = async <T>(count: number, make: () => Promise<T>): Promise<T[]> => {
  const made: T[] = []
  for (let n = 0; n < count; n++) made.push(await make())
  return made
}

/** A breaker with the calls that it let through. */
class Tried {
  readonly #state = new BreakerState<ServerBreaker>(new FailureShare())
  readonly #inside: Admission[] = []
  #lastTrialMs = Number.NEGATIVE_INFINITY
  #nowMs = 0

  pass(ms: number) {
    this.#nowMs += ms
  }

  leave(verdict: Verdict) {
    const passage = this.#inside.shift()
    if (passage === undefined) return
    if (passage.isTrial) this.#lastTrialMs = Number.NEGATIVE_INFINITY
    this.#state.leave(passage, verdict, this.#nowMs, policy)
  }

  enter(): string {
    const before = this.#state.standing(this.#nowMs)
    const passage = this.#state.enter(this.#nowMs)
    if (passage.isOpen) return before === "closed" ? "refuses though it is closed" : "sound"
    this.#inside.push(passage)
    const sinceMs = this.#nowMs - this.#lastTrialMs
    if (passage.isTrial) this.#lastTrialMs = this.#nowMs
    const isSoon = passage.isTrial && sinceMs < policy.resetMs
    return before === "open" || isSoon ? `${before}, ${sinceMs} ms after the last` : "sound"
  }
}

describe("the breaker of a server", () => {
  test("opens after failures in a row, refuses at once, and says when it tries again", async () => {
    const { asked, clock, guarded, send, told, word } = world(Array(3).fill(failed("lost")))
    expect(await times(3, word)).toEqual(["backend_error", "backend_error", "backend_error"])
    await clock.pass(1_000)
    expect(await send()).toEqual({
      kind: "refusal",
      refusal: {
        code: "backend_unavailable",
        subject: "t",
        reason: "its breaker is open: it has failed too often of late; tried again in 4 s",
        fate: "unsent",
        retryAfterMs: 4_000,
      },
    })
    expect(asked).toHaveLength(3)
    expect(told).toEqual(["web@1 open"])
    expect(guarded.status(server)).toMatchObject({
      standing: "open",
      openings: 1,
      retryInMs: 4_000,
    })
  })

  test("lets one call try, and closes when the server is there again", async () => {
    const { asked, clock, release, send, told, word } = world([
      failed("late"),
      failed("failing"),
      failed("malformed"),
      "hang",
    ])
    await times(3, word)
    await clock.pass(5_000)
    const trial = send()
    expect(await word()).toBe("backend_unavailable")
    release()
    expect((await trial).kind).toBe("result")
    expect(await word()).toBe("result")
    expect(asked).toHaveLength(5)
    expect(told).toEqual(["web@1 open", "web@1 closed"])
  })

  test("opens again when the try fails", async () => {
    const { clock, guarded, told, word } = world(Array(4).fill(failed("lost")))
    await times(3, word)
    await clock.pass(5_000)
    expect(await times(2, word)).toEqual(["backend_error", "backend_unavailable"])
    expect(guarded.status(server)).toMatchObject({ standing: "open", openings: 2 })
    expect(told).toEqual(["web@1 open"])
  })

  test("tries again after the same time, however often it has failed before", async () => {
    const { clock, guarded, word } = world(Array(13).fill(failed("lost")))
    await times(3, word)
    for (let n = 0; n < 10; n++) {
      await clock.pass(policy.resetMs)
      expect(await word()).toBe("backend_error")
      expect(guarded.status(server)?.retryInMs).toBe(policy.resetMs)
    }
    await clock.pass(policy.resetMs)
    expect(await times(2, word)).toEqual(["result", "result"])
  })

  test("opens when half of many calls fail, though never so many in a row", async () => {
    const mixed = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? done() : failed("failing")))
    const { asked, word } = world(mixed)
    await times(20, word)
    expect(asked).toHaveLength(10)
  })

  test.each<[string, BackendReply]>([
    ["what a tool says", done({ content: [], isError: true })],
    ["an error of JSON-RPC", { kind: "error", error: { code: -32_000, message: "no" } }],
    ["a call that was not sent", failed("unsent")],
    ["a server that is busy", failed("busy")],
    ["an answer that is too large", failed("oversize")],
    ["a request that was turned away", failed("rejected")],
    ["a caller that left", failed("lost", { code: "cancelled" } as Partial<Refusal>)],
  ])("does not count %s", async (_, reply) => {
    const { guarded, word } = world(Array(30).fill(reply))
    await times(30, word)
    expect(guarded.status(server)?.standing).toBe("closed")
  })

  test("is closed by an operator", async () => {
    const { guarded, told, word } = world(Array(3).fill(failed("lost")))
    await times(3, word)
    expect(guarded.reset(server)).toBe(true)
    expect(await word()).toBe("result")
    expect(told).toEqual(["web@1 open", "web@1 closed"])
    expect(guarded.reset({ name: "nobody" })).toBe(false)
  })

  test("keeps what it knows when the registry is read again", async () => {
    const { guarded, word } = world(Array(3).fill(failed("lost")))
    await times(3, word)
    guarded.use(new Map([["web@1", { breaker: policy, retries: 0 }]]))
    expect(await word()).toBe("backend_unavailable")
    guarded.use(new Map([["web@1", { breaker: undefined, retries: 0 }]]))
    expect(await word()).toBe("result")
    expect(guarded.status(server)?.standing).toBeUndefined()
  })

  test("lets another call try when the first gets no answer, and does not wait for that", async () => {
    const { asked, clock, guarded, release, send, word } = world([
      ...Array(3).fill(failed("lost")),
      "hang",
    ])
    await times(3, word)
    await clock.pass(policy.resetMs)
    const first = send()
    expect(await word()).toBe("backend_unavailable")
    await clock.pass(policy.resetMs)
    expect(await word()).toBe("result")
    expect(guarded.status(server)?.standing).toBe("closed")
    release()
    expect((await first).kind).toBe("result")
    expect(asked).toHaveLength(5)
  })

  test("closes for the answer of a call that tries it for longer than the next one has to wait", async () => {
    const { clock, guarded, release, send, word } = world([
      ...Array(3).fill(failed("lost")),
      "hang",
    ])
    await times(3, word)
    await clock.pass(policy.resetMs)
    const slow = send()
    await clock.pass(2 * policy.resetMs)
    expect(guarded.status(server)?.standing).toBe("halfOpen")
    release()
    await slow
    expect(guarded.status(server)?.standing).toBe("closed")
  })

  test("does not open again for calls that were under way when it opened", async () => {
    const under: ((reply: BackendReply) => void)[] = []
    const { promise: gone, resolve: go } = Promise.withResolvers<void>()
    const clock = new VirtualClock()
    let isWell = false
    const inner = answering(() =>
      isWell ? Promise.resolve(done()) : new Promise((resolve) => under.push(resolve)),
    )
    const guarded = new GuardedBackends(inner, { clock, tell: () => go() })
    guarded.use(new Map([["web@1", { breaker: policy, retries: 0 }]]))
    const asked = { method: "m", subject: "t", name: "t", params: {}, meta: undefined }
    const send = () =>
      guarded.request(server, { ...asked, cancellation: undefined, onNotification: undefined })
    const calls = Array.from({ length: 9 }, send)
    for (const resolve of under.splice(0, 3)) resolve(failed("late"))
    await gone
    isWell = true
    await clock.pass(policy.resetMs)
    expect((await send()).kind).toBe("result")
    for (const resolve of under) resolve(failed("late"))
    await Promise.all(calls)
    expect(guarded.status(server)).toMatchObject({ standing: "closed", openings: 1 })
  })

  test("never lets two calls through on trial within the reset time, and none while it is open", () => {
    const events = fc.array(
      fc.record({
        ms: fc.nat(4_000),
        does: fc.constantFrom<"enter" | Verdict>("enter", "enter", "success", "failure", "neutral"),
      }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(events, (script) => {
        const breaker = new Tried()
        for (const { ms, does } of script) {
          breaker.pass(ms)
          if (does === "enter") expect(breaker.enter()).toBe("sound")
          else breaker.leave(does)
        }
      }),
    )
  })
})

describe("a call that may be made twice", () => {
  const again = { isRepeatable: true }

  test("is made again, a little later each time, as often as configured", async () => {
    const { asked, clock, guarded, word } = world([failed("lost"), failed("failing"), done()], {
      retries: 2,
    })
    expect(await word(again)).toBe("result")
    expect(asked).toHaveLength(3)
    expect(clock.now()).toBe(50 + 100) // half of the most that each may be
    expect(guarded.status(server)?.retries).toBe(2)
  })

  test.each<[string, BackendReply, Partial<BackendRequest>]>([
    ["it may not be made twice", failed("lost"), {}],
    ["it came too late", failed("late"), again],
    ["our own queue is full", failed("unsent", { code: "overloaded" } as Partial<Refusal>), again],
    [
      "it is asked for too often",
      failed("unsent", { code: "rate_limited" } as Partial<Refusal>),
      again,
    ],
    ["its tool says that it failed", done({ content: [], isError: true }), again],
    ["the server wants to be left alone for long", failed("busy", { retryAfterMs: 9_000 }), again],
    ["it is a task", failed("lost"), { ...again, task: {} }],
  ])("is not made again where %s", async (_, reply, request) => {
    const { asked, word } = world([reply], { retries: 3 })
    await word(request)
    expect(asked).toHaveLength(1)
  })

  test("is made again when a busy server says so", async () => {
    const busy = failed("busy", { code: "overloaded", retryAfterMs: 1_500 } as Partial<Refusal>)
    const { clock, word } = world([busy], { retries: 1 })
    expect(await word(again)).toBe("result")
    expect(clock.now()).toBe(1_500 + 50)
  })

  test("is not made again for a caller that has heard of it, or left", async () => {
    const heard: unknown[] = []
    const { asked, clock, guarded, send } = world([failed("lost"), failed("lost")], { retries: 3 })
    const cancellation = new Cancellation()
    const left = send({ ...again, cancellation })
    cancellation.cancel()
    await clock.until(left)
    const speaking = answering((_, request) => {
      request.onNotification?.({ method: "notifications/progress" })
      asked.push(request)
      return Promise.resolve(failed("lost"))
    })
    const other = new GuardedBackends(speaking, { clock, tell: () => {} })
    other.use(new Map([["web@1", { breaker: policy, retries: 3 }]]))
    const { params, method } = asked[0] ?? { params: {}, method: "" }
    await clock.until(
      other.request(server, {
        ...again,
        params,
        method,
        subject: "t",
        name: "t",
        meta: undefined,
        cancellation: undefined,
        onNotification: (said) => heard.push(said),
      }),
    )
    expect(asked).toHaveLength(2)
    expect(heard).toHaveLength(1)
    expect(guarded.status(server)?.retries).toBe(0)
  })

  test("is not made again for a caller that was asked something meanwhile", async () => {
    const clock = new VirtualClock()
    const questions: string[] = []
    const peer: Peer = {
      capabilities: { elicitation: {} },
      ask(asked) {
        questions.push(asked.method)
        return new Question(asked, { waitMs: 1, untilMs: 0 })
      },
    }
    const asking = answering((_, request) => {
      request.peer?.ask({ method: "elicitation/create", params: {} })
      return Promise.resolve(failed("lost"))
    })
    const guarded = new GuardedBackends(asking, { clock, tell: () => {} })
    guarded.use(new Map([["web@1", { breaker: policy, retries: 3 }]]))
    const asked = { method: "tools/call", subject: "t", name: "t", params: {}, meta: undefined }
    const none = { cancellation: undefined, onNotification: undefined }
    await clock.until(guarded.request(server, { ...asked, ...none, ...again, peer }))
    expect(questions).toEqual(["elicitation/create"])
  })

  test("is not made again when retries would be most of what a failing server gets", async () => {
    const down = Array(1_000).fill(failed("failing"))
    const { asked, word } = world(down, {
      retries: 3,
      breaker: { ...policy, failures: 10_000, callsMin: 10_000 },
    })
    await times(100, () => word(again))
    expect(asked.length).toBeLessThanOrEqual(100 + 20 + 3)
    expect(asked.length).toBeGreaterThan(100)
  })
})
