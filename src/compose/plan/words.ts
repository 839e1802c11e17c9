import { written } from "../../registry/model.ts"
import type { Effect, Node, Target } from "./plan.ts"
import type { OnError, Policies, Retry, Throttle } from "./policies.ts"

/** How parts of plans are said to people, in text and in diagrams alike. */

/** A duration in its largest whole unit, such as `20 s`. */
export function timeWords(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ]
  const [size, unit] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1, "ms"]
  return `${ms / size} ${unit}`
}

function targetWords(target: Target): string {
  switch (target.kind) {
    case "tool":
      return written(target)
    case "agent":
      return `agent ${written(target)}, skill ${target.skill}`
    case "direct": {
      const { server, serverVersion: version, tool } = target
      return `${tool} of server ${written({ name: server, ...(version && { version }) })}`
    }
  }
}

/** What a node does, in a few words; what is inside of a graph is said elsewhere. */
export function nodeWords(node: Node): string {
  switch (node.kind) {
    case "call":
      return targetWords(node.target)
    case "choose":
      return `one of ${node.among.map(({ name }) => name).join(", ")}, as data says`
    case "approve":
      return `asks the ${node.ask.to}, for up to ${timeWords(node.ask.timeoutMs)}`
    case "value":
      return "computes a value"
    case "graph": {
      const { boundary, kind } = node.graph
      return boundary === undefined
        ? kindWords[kind]
        : `${written(boundary.tool)}, ${kindWords[kind]}`
    }
  }
}

export const kindWords = {
  pipeline: "a pipeline",
  scatter: "a scatter-gather",
  saga: "a saga",
} as const

export const effectWords: { readonly [effect in Effect]: string } = {
  read: "reads",
  idempotent: "may be repeated",
  unproven: "may have an effect",
  effect: "has an effect",
}

/** Outermost first, as they nest. */
export function policyWords(policies: Policies): readonly string[] {
  const { when, forEach, onError, once, cache, timeoutMs, retry, throttle, breaker } = policies
  const { attemptTimeoutMs, detached } = policies
  const words: readonly (string | undefined | false)[] = [
    detached && "detached",
    when &&
      `when ${when.kind === "cel" ? when.source.replace(/\s+/g, " ") : "its condition holds"}`,
    forEach && `for each item, ${forEach.concurrency} at a time${itemWords[forEach.onItemError]}`,
    onError && onErrorWords(onError),
    once && "once per key",
    cache && `cached for ${timeWords(cache.ttlMs)}`,
    timeoutMs !== undefined && `within ${timeWords(timeoutMs)}`,
    retry && retryWords(retry),
    throttle && throttleWords(throttle),
    breaker &&
      `breaker ${breaker.name}: ${breaker.failures} failures in ${timeWords(breaker.windowMs)}`,
    attemptTimeoutMs !== undefined && `each attempt within ${timeWords(attemptTimeoutMs)}`,
  ]
  return words.filter((word) => typeof word === "string")
}

const itemWords = {
  fail: "",
  skip: ", without those that fail",
  keep: ", with the errors of those that fail",
} as const

function onErrorWords({ on, run, output, rethrow }: OnError): string {
  const ran = run && nodeWords(run.node)
  const valued = output && "a value instead"
  const done = [ran, valued, rethrow && "the error stands"].filter((word) => word !== undefined)
  return `on ${on === undefined ? "any error" : on.join(", ")}: ${done.join(", then ")}`
}

const retryWords = ({ maxAttempts, backoffMs }: Pick<Retry, "backoffMs"> & Partial<Retry>) =>
  maxAttempts === undefined
    ? `tried until it is done, from ${timeWords(backoffMs)} on`
    : `up to ${maxAttempts} attempts, from ${timeWords(backoffMs)} on`

const throttleWords = ({ rate, windowMs, onExceeded }: Throttle): string =>
  `at most ${rate} in ${timeWords(windowMs)}, else ${onExceeded}`
