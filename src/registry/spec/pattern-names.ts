/** The pattern kinds of registry documents, by the key that names them in a spec. */
export const patternNames = [
  "pipeline",
  "scatterGather",
  "saga",
  "filter",
  "schemaMap",
  "mapEach",
  "timeout",
  "retry",
  "cache",
  "idempotent",
  "circuitBreaker",
  "deadLetter",
  "claimCheck",
  "throttle",
  "router",
  "enricher",
  "wireTap",
  "recipientList",
  "capabilityRouter",
  "semanticDedup",
  "confidenceAggregator",
] as const

export type PatternName = (typeof patternNames)[number]
