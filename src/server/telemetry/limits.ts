import { count, time } from "../limit-kinds.ts"

/** Of what is told to a collector. */
export const telemetryLimits = {
  spanQueue: count(8_192, "spans waiting for the collector; further ones are dropped, and counted"),
  spanBatch: count(512, "spans in one request to the collector", 10_000),
  spanDelay: time(5_000, "a span waits for others to be sent with"),
  tracesForced: count(100, "traces a second that are kept because their callers keep them"),
  telemetryRetry: time(60_000, "what the collector does not take is tried again"),
  telemetryFlush: time(
    3_000,
    "the last spans and metrics may take to be sent when the gateway stops",
  ),
} as const
