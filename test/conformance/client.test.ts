import { join } from "node:path"
import { test } from "vitest"
import { complaintsOf, type Revision, runClientScenario } from "../support/conformance-suite.ts"

// The gateway as a client of the suite's own servers, carried as they are and driven by the official client.
const driver = `"${process.execPath}" ${join(import.meta.dirname, "../support/conformance-driver-child.ts")}`

test.for<[Revision, string]>([
  ["2025-11-25", "initialize"],
  ["2025-11-25", "tools_call"],
  ["2025-11-25", "sse-retry"],
  ["2025-11-25", "elicitation-sep1034-client-defaults"],
  ["2025-11-25", "json-schema-2020-12-preservation"],
  ["2026-07-28", "tools_call"],
  ["2026-07-28", "request-metadata"],
  ["2026-07-28", "http-standard-headers"],
  ["2026-07-28", "http-custom-headers"],
  ["2026-07-28", "http-invalid-tool-headers"],
  ["2026-07-28", "json-schema-ref-no-deref"],
  ["2026-07-28", "sep-2322-client-request-state"],
  ["2026-07-28", "json-schema-2020-12-preservation"],
])(
  "as a client of %s the gateway passes %s",
  { timeout: 120_000 },
  async ([revision, scenario], { expect }) => {
    const results = await runClientScenario(driver, scenario, revision)
    expect(complaintsOf(results, [scenario])).toEqual([])
  },
)
