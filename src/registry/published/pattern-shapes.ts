import type { JsonObject } from "../../schema/json.ts"
import { anything, choice, count, entity, flag, list, ref, text } from "./shapes.ts"

const ms = (what: string) => count(`${what}, in milliseconds`)
const paths = (what: string) => list(ref("path"), what)
const operation = ref("operation")
const outcome = "then" // an object with a literal `then` looks like a promise
const predicate = ref("predicate")

/** Policies that any step or target may carry. */
const policies: JsonObject = {
  when: anything("CEL: the step runs only when this is true"),
  forEach: anything("a binding that yields an array; the step runs once for each element"),
  concurrency: count("how many elements at once", 1),
  onItemError: choice(["fail", "skip", "keep"], "what becomes of an element that fails"),
  onError: anything("what to do instead of failing"),
  once: anything("run once per key"),
  cache: anything("reuse results"),
  timeoutMs: ms("limit of the step with its retries"),
  retry: anything("attempts and waits"),
  throttle: anything("calls per window"),
  breaker: anything("stop calling what keeps failing"),
  detached: flag("do not wait for it"),
}

const pipelineStep = entity(
  "One step of a pipeline",
  {
    id: text("unique in the pipeline; later steps refer to it"),
    name: text("for people"),
    operation,
    input: ref("binding"),
    after: list({ type: "string" }, "steps to wait for besides those referred to"),
    ...policies,
  },
  ["id", "operation"],
)

const sagaStep = entity(
  "One step of a saga",
  {
    id: text("unique in the saga"),
    name: text("for people"),
    action: operation,
    compensate: operation,
    input: ref("binding"),
    after: list({ type: "string" }, "steps to wait for"),
    pivot: flag("after this step the saga goes forward only"),
    compensateOnFailure: flag("compensate this step even when it failed"),
    onUnknown: anything("what to do when the outcome is unknown"),
    ...policies,
  },
  ["id", "action"],
)

const backoff = entity("Waits between attempts: fixed, exponential or linear", {
  fixed: anything("{ delayMs }"),
  exponential: anything("{ initialDelayMs, maxDelayMs, multiplier }"),
  linear: anything("{ initialDelayMs, incrementMs, maxDelayMs }"),
})

/** The body of each pattern, by its key in a spec: description, members, required members. */
const bodies: Readonly<Record<string, readonly [string, JsonObject, readonly string[]]>> = {
  pipeline: [
    "Steps in order; the result is `output`, or that of the last step",
    {
      steps: list(pipelineStep, "the steps", { minItems: 1 }),
      output: ref("binding"),
      timeoutMs: ms("limit of the whole"),
      maxParallel: count("steps at once", 1),
    },
    ["steps"],
  ],
  scatterGather: [
    "All targets at once with the same input; their results are aggregated in target order",
    {
      targets: list(operation, "what to call", { minItems: 1 }),
      aggregation: entity("How results become one", {
        ops: list(anything("one operation"), "applied in order"),
      }),
      timeoutMs: ms("after it the results so far are used"),
      failFast: flag("one failure fails the whole"),
      concurrency: count("targets at once", 1),
      complete: anything("all, first, or { quorum: n }"),
      partial: flag("use what there is when some fail"),
    },
    ["targets"],
  ],
  saga: [
    "Steps in order; a failure compensates the completed ones in reverse",
    {
      steps: list(sagaStep, "the steps", { minItems: 1 }),
      sagaIdPath: ref("path"),
      timeoutMs: ms("limit of forward work"),
      output: ref("binding"),
      onCancel: choice(["compensate", "finish"], "what a cancelled call does"),
      onCompensateFailure: choice(["continue", "stop"], "what a failed compensation does"),
      maxParallel: count("steps at once", 1),
      store: text("state namespace"),
    },
    ["steps"],
  ],
  filter: ["Keeps the elements that satisfy a predicate", { predicate }, ["predicate"]],
  schemaMap: ["Builds an object from the input", { mappings: ref("mappings") }, ["mappings"]],
  mapEach: ["Runs an operation for each element", { inner: operation }, ["inner"]],
  timeout: [
    "Limits an operation",
    {
      inner: operation,
      durationMs: ms("the limit"),
      fallback: operation,
      message: text("of the error"),
    },
    ["inner", "durationMs"],
  ],
  retry: [
    "Repeats an operation that fails",
    {
      inner: operation,
      maxAttempts: count("including the first", 1),
      backoff,
      retryIf: predicate,
      jitter: count("0 to 1"),
      attemptTimeoutMs: ms("limit of one attempt"),
    },
    ["inner", "maxAttempts", "backoff"],
  ],
  cache: [
    "Reuses results",
    {
      keyPaths: paths("what makes the key"),
      inner: operation,
      store: text("state namespace"),
      ttlSeconds: count("how long"),
      staleWhileRevalidateSeconds: count("how long a stale result may be used"),
      cacheIf: predicate,
    },
    ["keyPaths", "inner", "store", "ttlSeconds"],
  ],
  idempotent: [
    "Runs once per key",
    {
      keyPaths: paths("what makes the key"),
      inner: operation,
      store: text("state namespace"),
      ttlSeconds: count("0 never expires"),
      onDuplicate: choice(["cached", "skip", "error"], "what a second call gets"),
    },
    ["keyPaths", "inner", "store"],
  ],
  circuitBreaker: [
    "Stops calling what keeps failing",
    {
      name: text("breakers of one name share state"),
      inner: operation,
      store: text("state namespace"),
      failureThreshold: count("failures that open it", 1),
      failureWindowSeconds: count("in this time"),
      resetTimeoutSeconds: count("until it is tried again"),
      successThreshold: count("successes that close it", 1),
      fallback: operation,
      failureIf: predicate,
    },
    ["name", "inner", "store", "failureThreshold", "failureWindowSeconds", "resetTimeoutSeconds"],
  ],
  deadLetter: [
    "Hands what failed to a tool",
    {
      inner: operation,
      deadLetterTool: ref("toolName"),
      maxAttempts: count("including the first", 1),
      backoff,
      rethrow: flag("fail as well"),
    },
    ["inner", "deadLetterTool"],
  ],
  claimCheck: [
    "Passes a reference instead of a large value",
    {
      storeTool: ref("toolName"),
      retrieveTool: ref("toolName"),
      inner: operation,
      retrieveAtEnd: flag("return the value, not the reference"),
    },
    ["storeTool", "retrieveTool", "inner"],
  ],
  throttle: [
    "Limits calls per window",
    {
      inner: operation,
      rate: count("calls"),
      windowMs: ms("the window"),
      strategy: choice(
        ["sliding_window", "token_bucket", "fixed_window", "leaky_bucket"],
        "how to count",
      ),
      onExceeded: choice(["wait", "reject", "queue"], "what a call too many does"),
      store: text("state namespace"),
    },
    ["inner", "rate", "windowMs"],
  ],
  router: [
    "The first route that matches",
    {
      routes: list(
        entity("A route", { when: predicate, [outcome]: operation }, ["when", "then"]),
        "in order",
        { minItems: 1 },
      ),
      otherwise: operation,
    },
    ["routes"],
  ],
  enricher: [
    "Adds results to the input",
    {
      enrichments: list(
        entity("One addition", { field: text("where it goes"), operation, input: ref("binding") }, [
          "field",
          "operation",
        ]),
        "run at once",
      ),
      merge: anything('"spread", { nested: { key } } or { schemaMap: { mappings } }'),
      ignoreFailures: flag("go on without what failed"),
      timeoutMs: ms("limit"),
    },
    ["enrichments"],
  ],
  wireTap: [
    "Copies to side tools",
    {
      inner: operation,
      taps: list(
        entity("A tap", { tool: ref("toolName"), transform: anything("{ mappings }") }, ["tool"]),
        "side tools",
      ),
      tapPoint: choice(["before", "after", "both"], "when"),
    },
    ["inner", "taps"],
  ],
  recipientList: [
    "Calls tools that data names, within `depends`",
    {
      recipientsPath: ref("path"),
      recipientsTool: ref("toolName"),
      aggregation: anything("{ ops }"),
      parallel: flag("at once"),
      failOnError: flag("one failure fails all"),
    },
    [],
  ],
  capabilityRouter: [
    "Calls the tool of `depends` that can do it",
    {
      required: list({ type: "string" }, "capabilities it must have"),
      preferred: list({ type: "string" }, "capabilities it should have"),
      fallback: operation,
    },
    ["required"],
  ],
  semanticDedup: [
    "Drops elements that mean the same",
    {
      embedder: ref("toolName"),
      contentPath: ref("path"),
      threshold: count("0 to 1"),
      keep: choice(["first", "last", "highest_score", "most_complete"], "which one stays"),
    },
    ["embedder", "contentPath", "threshold"],
  ],
  confidenceAggregator: [
    "Weighs answers",
    {
      sources: list(
        entity("A source", { operation, weight: count("its weight") }, ["operation", "weight"]),
        "who is asked",
      ),
      strategy: choice(["highest_weight", "weighted_vote", "quorum", "all"], "how to decide"),
      minWeight: count("that must answer"),
      conflictThreshold: count("dissent that is flagged"),
    },
    ["sources", "strategy"],
  ],
}

/** A spec: exactly one pattern. */
export const spec: JsonObject = {
  ...entity(
    "A composition: exactly one pattern",
    Object.fromEntries(
      Object.entries(bodies).map(([key, [description, members, required]]) => [
        key,
        entity(description, members, required),
      ]),
    ),
  ),
  minProperties: 1,
}
