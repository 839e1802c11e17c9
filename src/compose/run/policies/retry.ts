import { decide } from "../../expr/evaluate.ts"
import { isRepeatable } from "../../plan/effect.ts"
import { callsOf, measure } from "../../plan/measure.ts"
import type { Effect, Node } from "../../plan/plan.ts"
import type { Retry } from "../../plan/policies.ts"
import { backendOf } from "../call.ts"
import {
  effectOf,
  errorValue,
  type Failed,
  type Happened,
  type Result,
  withEffect,
  worse,
} from "../outcome.ts"
import { type Inner, pause, stopped, type Work } from "../work.ts"

/** Tries again what may be tried again: as the policy says, or without one where it cannot do harm (§6.3). */
export async function underRetry(work: Work, inner: Inner): Promise<Result> {
  // What only reads has done nothing, whatever went wrong.
  const isRead = effectIn(work.step.node) === "read"
  let happened: Happened = "none"
  const before = work.run.parts.log?.attemptsBefore(work.path) ?? 0
  work.tally.attempts += before
  for (let attempt = 1 + before; ; attempt++) {
    work.tally.attempts++
    const result = await inner(work)
    if (!isRead) happened = worse(happened, effectOf(result))
    const told = withEffect(result, happened)
    if (result.ok || told.ok || work.stop.reason !== undefined) return told
    const delayMs = delayBefore(attempt + 1, result, work)
    if (delayMs === undefined) return told
    const { error } = told
    work.run.tell({ kind: "retrying", id: work.path, attempt: attempt + 1, delayMs, error })
    const reason = await pause(delayMs, work)
    if (reason !== undefined) return stopped(work, reason, happened)
  }
}

function effectIn(node: Node): Effect {
  switch (node.kind) {
    case "call":
      return node.effect
    case "choose":
      return (
        node.among.map((one) => effectIn(one.node)).find((effect) => effect !== "read") ?? "read"
      )
    case "graph":
      return measure(node.graph).effect
    case "value":
      return "read"
    case "approve":
      return "effect"
  }
}

/** The delay before the next attempt; undefined when there is to be none. */
function delayBefore(next: number, failed: Failed, work: Work): number | undefined {
  const { policies, node } = work.step
  // What goes back is not waited for: it would be refused.
  if (mustSettle(failed, work) || work.run.parts.log?.refusalOf(work.path) !== undefined) return
  const retry = policies.retry ?? (isHarmless(failed, node) ? unasked : undefined)
  if (retry === undefined || next > retry.maxAttempts) return
  if (retry !== unasked && !isWanted(retry, failed, work)) return
  const { clock } = work.run.parts.ports
  const asked = failed.retryAfterMs ?? 0
  // Who asks to be left alone for longer than anybody would wait is left alone.
  if (asked > retry.maxBackoffMs) return
  const delayMs = Math.max(asked, backoff(retry, next - 1, clock.random()))
  const now = clock.now()
  if (work.deadlineMs !== undefined && now + delayMs >= work.deadlineMs) return
  return isWithinBudget(node, retry, work) ? delayMs : undefined
}

/** In a durable run what may have happened is not done again as if it had not, unless that comes to the same. */
function mustSettle({ error }: Failed, { run, step }: Work): boolean {
  if (run.parts.log === undefined || error.effect !== "unknown") return false
  return step.onUnknown !== undefined || !isRepeatable(effectIn(step.node))
}

/** At most three attempts, with growing pauses. */
const unasked: Retry = {
  maxAttempts: 3,
  backoffMs: 200,
  factor: 2,
  addMs: 0,
  maxBackoffMs: 30_000,
  jitter: 1,
  on: [],
}

/** Nothing was done, or doing it again comes to the same. */
function isHarmless({ error }: Failed, node: Node): boolean {
  if (node.kind !== "call" && node.kind !== "choose") return false
  const { class: errorClass, effect } = error
  if (errorClass === "transport" || errorClass === "unavailable")
    return effect === "none" || isRepeatable(effectIn(node))
  if (errorClass === "timeout") return isRepeatable(effectIn(node))
  return errorClass === "protocol" && effect === "unknown" && isRepeatable(effectIn(node))
}

function isWanted(retry: Retry, { error }: Failed, work: Work): boolean {
  if (!retry.on.includes(error.class)) return false
  if (retry.if === undefined) return true
  const decided = decide(retry.if, { ...work.scope, error: errorValue(error) })
  return decided.ok && decided.holds
}

/** After so many attempts, with `random` in [0, 1). */
export function backoff(retry: Omit<Retry, "maxAttempts">, count: number, random: number): number {
  const { backoffMs, factor, addMs, maxBackoffMs, jitter } = retry
  const delay = Math.min(maxBackoffMs, backoffMs * factor ** (count - 1) + addMs * (count - 1))
  return delay * (1 - jitter + 2 * jitter * random)
}

/** Three in ten seconds there always are, and as many as the author asked for. */
function isWithinBudget(node: Node, retry: Retry, { run }: Work): boolean {
  const { state, ports } = run.parts
  const backends = [...new Set(callsOf(node).map(backendOf))]
  const floor = Math.max(3, retry.maxAttempts - 1)
  return backends.every((backend) => state.retries.get(backend).take(ports.clock.now(), floor))
}
