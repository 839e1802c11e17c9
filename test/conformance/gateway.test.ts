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

/** What a server asks a legacy client, and a modern one, whatever era the server is of. */
const questions: Readonly<Record<Revision, readonly string[]>> = {
  "2025-11-25": [
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
  ],
  "2026-07-28": [
    "basic-sampling",
    "basic-list-roots",
    "request-state",
    "multiple-input-requests",
    "multi-round",
    "missing-input-response",
    "non-tool-request",
    "result-type",
    "unsupported-methods",
    "tampered-state",
    "ignore-extra-params",
    "validate-input",
  ].map((name) => `input-required-result-${name}`),
}

/** What only a modern server can be asked for: it names its questions, and reads what each request declares. */
const modernOnly = ["basic-elicitation", "capability-check"].map(
  (name) => `input-required-result-${name}`,
)

/** The tasks extension: the server that has it is modern whatever the other is. */
const tasks = [
  "lifecycle",
  "capability-negotiation",
  "wire-fields",
  "request-state-removal",
  "mrtr-input",
  "request-headers",
  "dispatch-and-envelope",
  "required-task-error",
  "mrtr-composition",
].map((name) => `tasks-${name}`)

/** What a caller of a revision finds through the gateway as if it were not there. */
const carried: Readonly<Record<Revision, readonly string[]>> = {
  "2025-11-25": [
    ...tools,
    ...content,
    ...questions["2025-11-25"],
    "server-initialize",
    "server-session-lifecycle",
    "ping",
    "logging-set-level",
  ],
  "2026-07-28": [
    ...tools,
    ...content,
    ...questions["2026-07-28"],
    ...tasks,
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
    ["2026-07-28", "modern", ...modernOnly],
  ])(
    "carries tools, content and questions for a caller of %s to a %s server",
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
