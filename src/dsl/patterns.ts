import type { Json, JsonObject } from "../registry/model.ts"
import type { Notes } from "./definition.ts"
import { type Convert, each, fromTable, isPlain, membersOf } from "./members.ts"
import { type Callable, callJson, type Operation, operationJson } from "./operation.ts"
import type { Throttle } from "./policies.ts"
import { madeBy } from "./site.ts"
import { type Spec, specOf } from "./spec.ts"
import type {
  Aggregation,
  Backoff,
  Keep,
  PathText,
  PatternName,
  Predicate,
  Transform,
  VoteBy,
} from "./spelled.ts"
import { opsJson, type Value, valueJson } from "./value.ts"

/*
 * The patterns of the catalogue besides the graphs. Their members are those of a document; what they do is given as
 * operations, and tools as tools.
 */

/** What every pattern may hold besides its own members. */
interface Body extends Notes {
  readonly description?: string
  readonly metadata?: JsonObject
}

interface Around extends Body {
  readonly inner: Operation
}

/** The function that makes one pattern, whose body is converted by the table. */
function pattern<B extends Body>(
  name: PatternName,
  table: Readonly<Record<string, Convert>> = {},
): (body: B) => Spec {
  const make = (body: B): Spec => specOf(name, madeBy(make, membersOf(body, table)))
  return make
}

const inner = { inner: operationJson }
const withFallback = { ...inner, fallback: operationJson }

/** The items of a list that pass a test. */
export const filter = pattern<Body & { readonly predicate: Predicate }>("filter")

/** An object made of parts of the input. */
export const schemaMap = pattern<Body & Transform>("schemaMap")

/** An operation on each item of a list. */
export const mapEach = pattern<Around>("mapEach", inner)

export const timeout = pattern<
  Around & {
    readonly durationMs: number
    readonly fallback?: Operation
    readonly message?: string
  }
>("timeout", withFallback)

export const retry = pattern<
  Around & {
    /** With the first. */
    readonly maxAttempts: number
    readonly backoff: Backoff
    readonly retryIf?: Predicate
    readonly jitter?: number
    readonly attemptTimeoutMs?: number
  }
>("retry", inner)

export const cache = pattern<
  Around & {
    readonly keyPaths: readonly PathText[]
    readonly store?: string
    readonly ttlSeconds: number
    readonly staleWhileRevalidateSeconds?: number
    readonly cacheIf?: Predicate
  }
>("cache", inner)

export const idempotent = pattern<
  Around & {
    readonly keyPaths: readonly PathText[]
    readonly store?: string
    readonly ttlSeconds?: number
    readonly onDuplicate?: "cached" | "skip" | "error"
  }
>("idempotent", inner)

export const circuitBreaker = pattern<
  Around & {
    readonly name: string
    readonly store?: string
    readonly failureThreshold: number
    readonly failureWindowSeconds: number
    readonly resetTimeoutSeconds: number
    readonly successThreshold?: number
    readonly fallback?: Operation
    readonly failureIf?: Predicate
  }
>("circuitBreaker", withFallback)

export const deadLetter = pattern<
  Around & {
    readonly deadLetterTool: Callable
    readonly maxAttempts?: number
    readonly backoff?: Backoff
    readonly rethrow?: boolean
  }
>("deadLetter", { ...inner, deadLetterTool: callJson })

/** A large value is stored, and what is inside gets the reference to it. */
export const claimCheck = pattern<
  Around & {
    readonly storeTool: Callable
    readonly retrieveTool: Callable
    readonly retrieveAtEnd?: boolean
  }
>("claimCheck", { ...inner, storeTool: callJson, retrieveTool: callJson })

export const throttle = pattern<Around & Throttle & { readonly store?: string }>("throttle", inner)

export interface Route extends Body {
  readonly when: Predicate
  /** What a document calls `then`, which would make the object look like a promise. */
  readonly run: Operation
}

const consequence = "then"
const route: Convert = (given) =>
  isPlain(given)
    ? membersOf(
        Object.fromEntries(
          Object.entries(given).map(([key, value]) => [key === "run" ? consequence : key, value]),
        ),
        { [consequence]: operationJson },
      )
    : (given as Json)

/** The first route whose test passes. */
export const router = pattern<
  Body & { readonly routes: readonly Route[]; readonly otherwise?: Operation }
>("router", {
  routes: each(route),
  otherwise: operationJson,
})

export interface Enrichment extends Body {
  readonly field: string
  readonly operation: Operation
  readonly input?: Value
}

/** The input with more fields, each of which an operation gives. */
export const enricher = pattern<
  Body & {
    readonly enrichments: readonly Enrichment[]
    readonly merge:
      | "spread"
      | { readonly nested: { readonly key: string } }
      | { readonly schemaMap: Transform }
    readonly ignoreFailures?: boolean
    readonly timeoutMs?: number
  }
>("enricher", {
  enrichments: each(fromTable({ operation: operationJson, input: valueJson })),
})

/** Copies of what goes in or comes out, for tools that nobody waits for. */
export const wireTap = pattern<
  Around & {
    readonly taps: readonly (Body & { readonly tool: Callable; readonly transform?: Transform })[]
    readonly tapPoint?: "after" | "before" | "both"
  }
>("wireTap", { ...inner, taps: each(fromTable({ tool: callJson })) })

type Recipients =
  | { readonly recipientsPath: PathText; readonly recipientsTool?: never }
  | { readonly recipientsTool: Callable; readonly recipientsPath?: never }

/** The tools that data names, among the `depends` of the composition, which must be written out. */
export const recipientList = pattern<
  Body &
    Recipients & {
      readonly aggregation?: Aggregation
      readonly parallel?: boolean
      readonly failOnError?: boolean
    }
>("recipientList", { recipientsTool: callJson, aggregation: fromTable({ ops: opsJson }) })

/** One tool that has the tags, among the `depends` of the composition, which must be written out. */
export const capabilityRouter = pattern<
  Body & {
    readonly required: readonly string[]
    readonly preferred?: readonly string[]
    readonly fallback?: Operation
  }
>("capabilityRouter", { fallback: operationJson })

export const semanticDedup = pattern<
  Body & {
    readonly embedder: Callable
    readonly contentPath: PathText
    readonly threshold: number
    readonly keep?: Keep
  }
>("semanticDedup", { embedder: callJson })

/** Several answers, and the one that weighs most. */
export const confidenceAggregator = pattern<
  Body & {
    readonly sources: readonly (Body & { readonly operation: Operation; readonly weight: number })[]
    readonly strategy?: VoteBy
    readonly minWeight?: number
    readonly conflictThreshold?: number
  }
>("confidenceAggregator", { sources: each(fromTable({ operation: operationJson })) })
