import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { keep, voteBy } from "./aggregation.ts"
import { binding } from "./binding.ts"
import { toolCall } from "./call.ts"
import { as, choice } from "./choice.ts"
import { type Fields, meantBy, type ObjectReader, object, optional, required } from "./fields.ts"
import { aggregation, complete, pipelineSteps, sagaSteps, targets } from "./graphs.ts"
import { mappings, transform } from "./mapping.ts"
import { briefOperation, operation } from "./operation.ts"
import { path } from "./path.ts"
import { type PatternName, patternNames } from "./pattern-names.ts"
import { throttleFields } from "./policies.ts"
import { predicate } from "./predicate.ts"
import { type At, type Reader, refuse, wrongType, wrongValue } from "./reading.ts"
import { stepsIn } from "./steps.ts"
import { duration, flag, integer, list, name, number, oneOf, positive, text } from "./values.ts"

/** One pattern kind: the members of its object in a spec, and what is special about reading it. */
interface Pattern {
  readonly fields: Fields
  /** Its `steps` can be referred to, by each other and by its output. */
  readonly hasSteps?: true
  /** It chooses callees at run time. */
  readonly isDynamic?: true
  /** Members of which exactly one must be there. */
  readonly oneOf?: readonly string[]
}

const toolName = toolCall("string")
const keyPaths = required(list(path))
/** Names a state namespace; any name will do, and none. */
const store = optional(text)

const backoff = choice("backoff", {
  fixed: as(object("fixed", { delayMs: required(duration) })),
  exponential: as(
    object("exponential", {
      initialDelayMs: required(duration),
      maxDelayMs: required(duration),
      multiplier: optional(number()),
    }),
  ),
  linear: as(
    object("linear", {
      initialDelayMs: required(duration),
      incrementMs: required(duration),
      maxDelayMs: required(duration),
    }),
  ),
})

/** Computed, because an object literal with this key looks like a promise to tools (not to `await`: it is no function). */
const consequence = "then"

const mergeInto = choice("merge", {
  nested: as(object("nested", { key: required(text) })),
  schemaMap: as(transform),
})
const merge: Reader = (raw, at) =>
  typeof raw === "string" ? oneOf("spread")(raw, at) : mergeInto(raw, at)

const patterns: { readonly [name in PatternName]: Pattern } = {
  pipeline: {
    hasSteps: true,
    fields: {
      steps: required(pipelineSteps),
      output: optional(binding),
      timeoutMs: optional(positive),
      maxParallel: optional(integer({ min: 1 })),
    },
  },
  scatterGather: {
    fields: {
      targets: required(targets),
      aggregation: optional(aggregation),
      timeoutMs: optional(positive),
      failFast: optional(flag),
      concurrency: optional(integer({ min: 1 })),
      complete: optional(complete),
      partial: optional(flag),
    },
  },
  saga: {
    hasSteps: true,
    fields: {
      steps: required(sagaSteps),
      sagaIdPath: optional(path),
      timeoutMs: optional(positive),
      output: optional(binding),
      onCancel: optional(oneOf("compensate", "finish")),
      onCompensateFailure: optional(oneOf("continue", "stop")),
      maxParallel: optional(integer({ min: 1 })),
      store,
    },
  },
  filter: { fields: { predicate: required(predicate) } },
  schemaMap: { fields: { mappings: required(mappings) } },
  mapEach: { fields: { inner: required(briefOperation) } },
  timeout: {
    fields: {
      inner: required(operation),
      durationMs: required(positive),
      fallback: optional(operation),
      message: optional(text),
    },
  },
  retry: {
    fields: {
      inner: required(operation),
      maxAttempts: required(integer({ min: 1 })),
      backoff: required(backoff),
      retryIf: optional(predicate),
      jitter: optional(number({ max: 1 })),
      attemptTimeoutMs: optional(positive),
    },
  },
  cache: {
    fields: {
      keyPaths,
      inner: required(operation),
      store,
      ttlSeconds: required(positive),
      staleWhileRevalidateSeconds: optional(duration),
      cacheIf: optional(predicate),
    },
  },
  idempotent: {
    fields: {
      keyPaths,
      inner: required(operation),
      store,
      ttlSeconds: optional(duration),
      onDuplicate: optional(oneOf("cached", "skip", "error")),
    },
  },
  circuitBreaker: {
    fields: {
      name: required(name),
      inner: required(operation),
      store,
      failureThreshold: required(integer({ min: 1 })),
      failureWindowSeconds: required(positive),
      resetTimeoutSeconds: required(positive),
      successThreshold: optional(integer({ min: 1 })),
      fallback: optional(operation),
      failureIf: optional(predicate),
    },
  },
  deadLetter: {
    fields: {
      inner: required(operation),
      deadLetterTool: required(toolName),
      maxAttempts: optional(integer({ min: 1 })),
      backoff: optional(backoff),
      rethrow: optional(flag),
    },
  },
  claimCheck: {
    fields: {
      storeTool: required(toolName),
      retrieveTool: required(toolName),
      inner: required(operation),
      retrieveAtEnd: optional(flag),
    },
  },
  throttle: { fields: { inner: required(operation), ...throttleFields, store } },
  router: {
    fields: {
      routes: required(
        list(object("a route", { when: required(predicate), [consequence]: required(operation) }), {
          min: 1,
        }),
      ),
      otherwise: optional(operation),
    },
  },
  enricher: {
    fields: {
      enrichments: required(
        list(
          object("an enrichment", {
            field: required(name),
            operation: required(operation),
            input: optional(binding),
          }),
        ),
      ),
      merge: required(merge),
      ignoreFailures: optional(flag),
      timeoutMs: optional(positive),
    },
  },
  wireTap: {
    fields: {
      inner: required(operation),
      taps: required(
        list(object("a tap", { tool: required(toolName), transform: optional(transform) })),
      ),
      tapPoint: optional(oneOf("after", "before", "both")),
    },
  },
  recipientList: {
    isDynamic: true,
    oneOf: ["recipientsPath", "recipientsTool"],
    fields: {
      recipientsPath: optional(path),
      recipientsTool: optional(toolName),
      aggregation: optional(aggregation),
      parallel: optional(flag),
      failOnError: optional(flag),
    },
  },
  capabilityRouter: {
    isDynamic: true,
    fields: {
      required: required(list(name)),
      preferred: optional(list(name)),
      fallback: optional(operation),
    },
  },
  semanticDedup: {
    fields: {
      embedder: required(toolName),
      contentPath: required(path),
      threshold: required(number({ max: 1 })),
      keep: optional(keep),
    },
  },
  confidenceAggregator: {
    fields: {
      sources: required(
        list(object("a source", { operation: required(operation), weight: required(number()) }), {
          min: 1,
        }),
      ),
      strategy: optional(voteBy),
      minWeight: optional(number()),
      conflictThreshold: optional(number()),
    },
  },
}

/** The pattern that a spec names, if it names exactly one. */
export function patternOf(raw: JsonObject): PatternName | undefined {
  const [found, ...others] = patternNames.filter((pattern) => Object.hasOwn(raw, pattern))
  return others.length === 0 ? found : undefined
}

/** A spec: an object with one pattern. */
export const spec: Reader = (raw, at) => {
  if (!isObject(raw)) return wrongType(at, raw, "an object")
  const pattern = patternOf(raw)
  return pattern === undefined ? refusePattern(raw, at) : specs[pattern](raw, at)
}

function refusePattern(raw: JsonObject, at: At): undefined {
  const found = patternNames.filter((pattern) => Object.hasOwn(raw, pattern))
  if (found.length > 1)
    return refuse(
      at,
      "pattern_ambiguous",
      `a spec has one pattern, and this has ${found.join(" and ")}`,
      'put one inside the other, as an operation { "pattern": … }',
    )
  const meant = Object.keys(raw)
    .map((key) => meantBy(key, patternNames) ?? patternNames.find((name) => name.startsWith(key)))
    .find((name) => name !== undefined)
  const hint = meant === undefined ? `one of ${patternNames.join(", ")}` : `did you mean ${meant}?`
  return refuse(at, "pattern_unknown", "the spec names no pattern", hint)
}

function patternReader({ fields, hasSteps, isDynamic, oneOf }: Pattern, name: string): Reader {
  const read = object(name, fields)
  return (raw, at) => {
    if (isDynamic) at.reading.dynamicPointer ??= at.pointer
    if (!isObject(raw)) return wrongType(at, raw, "an object")
    if (oneOf !== undefined) checkOne(raw, at, oneOf)
    return read(raw, hasSteps ? { ...at, steps: stepsIn(member(raw, "steps"), at.steps) } : at)
  }
}

const specs = Object.fromEntries(
  patternNames.map((name) => {
    const body = patternReader(patterns[name], name)
    return [name, object("a spec", { [name]: required(body) })]
  }),
) as { readonly [name in PatternName]: ObjectReader }

function checkOne(raw: JsonObject, at: At, names: readonly string[]): void {
  const found = names.filter((each) => Object.hasOwn(raw, each))
  if (found.length === 0) refuse(at, "missing_field", `${names.join(" or ")} is needed`)
  if (found.length > 1) wrongValue(at, `${found.join(" and ")} exclude each other`)
}
