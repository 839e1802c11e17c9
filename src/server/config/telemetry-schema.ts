import { z } from "zod"
import { trustLevels } from "../../call/caller.ts"
import { duration, webUrl } from "./scalars.ts"

const text = z.string().min(1).max(1_024)
const attribute = z.union([text, z.number(), z.boolean()], { error: "expected text" })
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
  error: "holds a character that no header can carry",
})

const traces = z
  .strictObject({
    enabled: z.boolean().optional().describe("Whether spans are sent."),
    endpoint: webUrl.optional().describe("Where they are sent, with the path; otherwise endpoint."),
    ratio: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "The share of new traces that is kept. 1 without one, or what OTEL_TRACES_SAMPLER says.",
      ),
    minTrust: z
      .enum([...trustLevels, "none"])
      .default("asserted")
      .describe(
        "Callers known at least this well have their trace continued; the others' is linked to a new one. With none, every trace is continued.",
      ),
  })
  .prefault({})

const metrics = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe("Whether metrics are sent; /metrics has them all the same."),
    endpoint: webUrl.optional().describe("Where they are sent, with the path; otherwise endpoint."),
    interval: duration({ min: 1_000, max: 24 * 60 * 60_000 })
      .optional()
      .describe(
        "How often they are sent. 60s without one, or what OTEL_METRIC_EXPORT_INTERVAL says.",
      ),
  })
  .prefault({})

/** Keys win over the variables of OpenTelemetry (`OTEL_…`), and these over what is usual: see `telemetry/settings.ts`. */
export const telemetry = z.strictObject({
  endpoint: webUrl
    .optional()
    .describe(
      "The collector, as OTLP over HTTP; /v1/traces and /v1/metrics are added. OTEL_EXPORTER_OTLP_ENDPOINT without one, or http://localhost:4318.",
    ),
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: "not a header name" }), headerValue)
    .optional()
    .describe("Sent along, such as Authorization."),
  compression: z
    .enum(["gzip", "none"])
    .optional()
    .describe("How what is sent is compressed; none without one."),
  certificate: z
    .string()
    .min(1)
    .optional()
    .describe("A file with the certificates (PEM) that the collector's is checked with."),
  timeout: duration({ min: 10, max: 10 * 60_000 })
    .optional()
    .describe("How long one request to the collector may take. 10s without one."),
  serviceName: text.optional().describe("service.name. OTEL_SERVICE_NAME without one, or postern."),
  resource: z
    .record(z.string().min(1).max(256), attribute)
    .optional()
    .describe("Further attributes of this gateway, such as deployment.environment.name."),
  traces: traces.describe("Traces of what goes through."),
  metrics: metrics.describe("The metrics of /metrics."),
})
