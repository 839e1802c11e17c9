import { describe, test } from "vitest"
import type { Eras } from "../support/conformance-fixture.ts"
import { runThroughGateway } from "../support/conformance-gateway.ts"
import { complaintsOf, type Revision, requirementsOf } from "../support/conformance-suite.ts"

const patience = { timeout: 150_000 } // four suites at once, on whatever cores there are

/** What the suite tries and checks nothing of: task news that it skips, and polling where the server does not want it. */
const unchecked: Readonly<Record<Eras, readonly string[]>> = {
  dual: ["tasks-status-notifications"],
  legacy: ["tasks-status-notifications"],
  modern: ["tasks-status-notifications", "server-sse-polling"],
}

/** Single checks that no gateway can pass before a server of the other era, and why. */
const untranslatable: Readonly<Partial<Record<`${Revision} ${Eras}`, readonly RegExp[]>>> = {
  "2026-07-28 legacy": [
    // A legacy server's questions have no names that a modern caller could be told: the gateway numbers them.
    /^input-required-result-basic-elicitation: sep-2322-elicitation-incomplete: inputRequests missing expected key/,
  ],
}

describe("the gateway before the conformance fixture", () => {
  test.for<[Revision, Eras]>([
    ["2025-11-25", "legacy"],
    ["2025-11-25", "modern"],
    ["2026-07-28", "legacy"],
    ["2026-07-28", "modern"],
  ])(
    "passes all that %s asks of a server before a %s one",
    patience,
    async ([revision, eras], { expect }) => {
      const results = await runThroughGateway(revision, eras)
      const { required, unscored } = requirementsOf(revision)
      const expected = [...required, ...unscored.filter((name) => !unchecked[eras].includes(name))]
      const excused = untranslatable[`${revision} ${eras}`] ?? []
      const complaints = complaintsOf(results, expected)
      const unexcused = complaints.filter((one) => !excused.some((reason) => reason.test(one)))
      expect(unexcused).toEqual([])
      const stale = excused.filter((reason) => !complaints.some((one) => reason.test(one)))
      expect(stale).toEqual([]) // an excuse that nothing needs is none
    },
  )
})
