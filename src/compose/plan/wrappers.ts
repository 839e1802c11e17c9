import type { PatternName } from "../../registry/spec/pattern-names.ts"
import { patternOf } from "../../registry/spec/patterns.ts"
import { type Json, type JsonObject, member } from "../../schema/json.ts"
import { numberIn, objectIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import type { Spot } from "./lowering.ts"
import { maxBackoffDefault } from "./own-policies.ts"
import { type PolicyName, policyOrder } from "./policies.ts"

/** A pattern that is nothing but policies around its `inner`. */
interface Wrapper {
  /** The policies that it can become, in their order; where there is a choice, the better one first. */
  readonly names: (spec: JsonObject) => readonly (readonly PolicyName[])[]
  /** The same as members of a step, in canonical spelling. */
  readonly asPolicies: (spec: JsonObject, names: readonly PolicyName[]) => JsonObject
}

/** One wrapper around an operation. */
export interface Layer {
  readonly wrapper: Wrapper
  readonly spec: JsonObject
  readonly spot: Spot
  /** The operation that begins with it. */
  readonly operation: JsonObject
}

export interface Peeled {
  /** Outermost first. */
  readonly layers: readonly Layer[]
  /** What is inside of all. */
  readonly core: JsonObject
  readonly coreSpot: Spot
}

/** Takes the wrappers around an operation apart. */
export function peel(operation: JsonObject, spot: Spot): Peeled {
  const layers: Layer[] = []
  let at = { operation, spot }
  for (;;) {
    const layer = wrapperIn(at.operation, at.spot)
    if (layer === undefined) return { layers, core: at.operation, coreSpot: at.spot }
    layers.push(layer)
    at = { operation: objectIn(layer.spec, "inner") ?? {}, spot: inside(layer.spot, "inner") }
  }
}

function wrapperIn(operation: JsonObject, spot: Spot): Layer | undefined {
  const pattern = objectIn(operation, "pattern")
  const name = pattern && patternOf(pattern)
  const wrapper = name && wrappers[name]
  const spec = pattern && name && objectIn(pattern, name)
  if (wrapper === undefined || spec === undefined) return
  return { wrapper, spec, spot: inside(inside(spot, "pattern"), name ?? ""), operation }
}

export interface Fold {
  readonly layer: Layer
  readonly names: readonly PolicyName[]
}

/** The outermost layers that can be policies beside these: as long as each is within the one before. */
export function fold(own: readonly PolicyName[], layers: readonly Layer[]): readonly Fold[] {
  const folds: Fold[] = []
  let innermost = Math.max(-1, ...own.map(rank))
  for (const layer of layers) {
    const names = layer.wrapper
      .names(layer.spec)
      .find(([outermost]) => outermost !== undefined && rank(outermost) > innermost)
    if (names === undefined) break
    folds.push({ layer, names })
    innermost = Math.max(...names.map(rank))
  }
  return folds
}

const rank = (name: PolicyName): number => policyOrder.indexOf(name)

const has = (spec: JsonObject, ...keys: readonly string[]): boolean =>
  keys.some((key) => Object.hasOwn(spec, key))

/** The members that are there, under other names. */
function respelt(spec: JsonObject, names: { readonly [to: string]: string }): JsonObject {
  const found = Object.entries(names).flatMap(([to, from]) => {
    const value = member(spec, from)
    return value === undefined ? [] : [[to, value] as const]
  })
  return Object.fromEntries(found)
}

const inMs = (spec: JsonObject, to: string, from: string): JsonObject => {
  const seconds = numberIn(spec, from)
  return seconds === undefined ? {} : { [to]: seconds * 1000 }
}

const one = (...names: readonly PolicyName[]) => [names]

const wrappers: { readonly [pattern in PatternName]?: Wrapper } = {
  mapEach: {
    names: () => one("forEach"),
    asPolicies: () => ({ forEach: { self: { path: "$" } }, concurrency: 1, onItemError: "fail" }),
  },
  timeout: {
    names: (spec) =>
      has(spec, "fallback", "message")
        ? one("onError", "timeoutMs")
        : [["timeoutMs"], ["attemptTimeoutMs"]],
    asPolicies: (spec, names) => ({
      [names.at(-1) ?? "timeoutMs"]: member(spec, "durationMs") ?? 0,
      ...(names.includes("onError")
        ? {
            onError: { on: ["timeout"], ...respelt(spec, { run: "fallback", message: "message" }) },
          }
        : {}),
    }),
  },
  retry: {
    names: (spec) => [has(spec, "attemptTimeoutMs") ? ["retry", "attemptTimeoutMs"] : ["retry"]],
    asPolicies: (spec) => ({
      retry: {
        ...respelt(spec, {
          maxAttempts: "maxAttempts",
          if: "retryIf",
          jitter: "jitter",
          attemptTimeoutMs: "attemptTimeoutMs",
        }),
        ...delays(objectIn(spec, "backoff")),
      },
    }),
  },
  cache: {
    names: () => one("cache"),
    asPolicies: (spec) => ({
      cache: {
        ...inMs(spec, "ttlMs", "ttlSeconds"),
        ...inMs(spec, "staleMs", "staleWhileRevalidateSeconds"),
        ...respelt(spec, { key: "keyPaths", if: "cacheIf" }),
      },
    }),
  },
  idempotent: {
    names: () => one("once"),
    asPolicies: (spec) => ({
      once: {
        ...inMs(spec, "ttlMs", "ttlSeconds"),
        ...respelt(spec, { key: "keyPaths", onDuplicate: "onDuplicate" }),
      },
    }),
  },
  circuitBreaker: {
    names: (spec) => one(...(has(spec, "fallback") ? (["onError"] as const) : []), "breaker"),
    asPolicies: (spec) => ({
      breaker: {
        ...inMs(spec, "windowMs", "failureWindowSeconds"),
        ...inMs(spec, "resetMs", "resetTimeoutSeconds"),
        ...respelt(spec, {
          name: "name",
          failures: "failureThreshold",
          successes: "successThreshold",
          if: "failureIf",
        }),
      },
      ...(has(spec, "fallback")
        ? { onError: { on: ["circuitOpen"], ...respelt(spec, { run: "fallback" }) } }
        : {}),
    }),
  },
  deadLetter: {
    names: (spec) =>
      one("onError", ...(has(spec, "maxAttempts", "backoff") ? (["retry"] as const) : [])),
    asPolicies: (spec, names) => ({
      onError: {
        run: { tool: member(spec, "deadLetterTool") ?? "" },
        input: deadLetter,
        ...(member(spec, "rethrow") === true ? { rethrow: true } : { output: { constant: null } }),
      },
      ...(names.includes("retry")
        ? {
            retry: {
              maxAttempts: numberIn(spec, "maxAttempts") ?? 1,
              ...delays(objectIn(spec, "backoff")),
            },
          }
        : {}),
    }),
  },
  throttle: {
    names: () => one("throttle"),
    asPolicies: (spec) => ({
      throttle: respelt(spec, {
        rate: "rate",
        windowMs: "windowMs",
        strategy: "strategy",
        onExceeded: "onExceeded",
      }),
    }),
  },
}

/** What the tool for dead letters is sent. */
const deadLetter: Json = {
  construct: {
    fields: {
      originalInput: { self: { path: "$" } },
      error: { error: { path: "$.message" } },
      errorType: { error: { path: "$.class" } },
      timestamp: { error: { path: "$.at" } },
      attempts: { error: { path: "$.attempts" } },
    },
  },
}

function delays(backoff: JsonObject | undefined): JsonObject {
  const fixed = backoff && objectIn(backoff, "fixed")
  if (fixed !== undefined) {
    const backoffMs = numberIn(fixed, "delayMs") ?? 0
    // A fixed delay is what it is, also above the default cap.
    return { backoffMs, factor: 1, maxBackoffMs: Math.max(backoffMs, maxBackoffDefault) }
  }
  const linear = backoff && objectIn(backoff, "linear")
  const names = { backoffMs: "initialDelayMs", maxBackoffMs: "maxDelayMs" }
  if (linear !== undefined)
    return { ...respelt(linear, { ...names, addMs: "incrementMs" }), factor: 1 }
  const exponential = backoff && objectIn(backoff, "exponential")
  return exponential === undefined
    ? {}
    : { factor: 2, ...respelt(exponential, { ...names, factor: "multiplier" }) }
}
