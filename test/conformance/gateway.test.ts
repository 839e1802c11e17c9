import { describe, test } from "vitest"
import type { Eras } from "../support/conformance-fixture.ts"
import { runThroughGateway } from "../support/conformance-gateway.ts"
import { complaintsOf, type Revision } from "../support/conformance-suite.ts"

const patience = { timeout: 60_000 }

const tools = [
  "tools-list",
  "tools-call-simple-text",
  "tools-call-image",
  "tools-call-audio",
  "tools-call-embedded-resource",
  "tools-call-mixed-content",
  "tools-call-error",
  "tools-call-with-progress",
  "server-sse-multiple-streams",
  "dns-rebinding-protection",
  "json-schema-2020-12",
]

const content = [
  "completion-complete",
  "resources-list",
  "resources-read-text",
  "resources-read-binary",
  "resources-templates-read",
  "prompts-list",
  "prompts-get-simple",
  "prompts-get-with-args",
  "prompts-get-embedded-resource",
  "prompts-get-with-image",
]

/** What a caller of a revision finds through the gateway as if it were not there. */
const carried: Readonly<Record<Revision, readonly string[]>> = {
  "2025-11-25": [
    ...tools,
    ...content,
    "server-initialize",
    "server-session-lifecycle",
    "ping",
    "logging-set-level",
  ],
  "2026-07-28": [
    ...tools,
    ...content,
    "http-header-validation",
    "http-custom-header-server-validation",
    "sep-2164-resource-not-found",
    "caching",
  ],
}

/** Scenarios that the gateway carries but for single checks, by what those are about. */
const butFor: Readonly<Record<Revision, ReadonlyMap<string, RegExp>>> = {
  "2025-11-25": new Map(),
  "2026-07-28": new Map([
    ["server-stateless", /: sep-2575-(?:server-rejects-undeclared|missing)-capability/],
  ]),
}

describe("the gateway before the conformance fixture", () => {
  test.concurrent.for<[Revision, Eras, ...string[]]>([
    ["2025-11-25", "legacy", "tools-call-with-logging"],
    ["2025-11-25", "modern"],
    ["2026-07-28", "legacy"],
    ["2026-07-28", "modern"],
  ])(
    "carries tools for a caller of %s to a %s server",
    patience,
    async ([revision, eras, ...also], { expect }) => {
      const results = await runThroughGateway(revision, eras)
      expect(complaintsOf(results, [...carried[revision], ...also])).toEqual([])
      for (const [scenario, excused] of butFor[revision]) {
        const complaints = complaintsOf(results, [scenario])
        expect(complaints.filter((complaint) => !excused.test(complaint))).toEqual([])
      }
    },
  )
})
