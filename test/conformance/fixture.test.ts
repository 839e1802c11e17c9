import { describe, test } from "vitest"
import { openFixture } from "../support/conformance-fixture.ts"
import { complaintsOf, requirementsOf, revisions, runSuite } from "../support/conformance-suite.ts"
import { openTasksFixture } from "../support/conformance-tasks.ts"

const patience = { timeout: 60_000 }

/** Not the fixture's: the tasks extension has a server of its own, and one of its scenarios checks nothing. */
const isAboutTasks = (scenario: string) => scenario.startsWith("tasks-")
const checksNothing = "tasks-status-notifications"

describe("the conformance fixture", () => {
  test.concurrent.for(revisions)(
    "passes all that %s asks of a server, and what is not scored",
    patience,
    async (revision, { expect }) => {
      await using fixture = await openFixture()
      const results = await runSuite(fixture.url, revision)
      const { required, unscored } = requirementsOf(revision)
      const expected = [...required, ...unscored.filter((name) => !isAboutTasks(name))]
      expect(required.length).toBeGreaterThanOrEqual(30)
      expect(complaintsOf(results, expected)).toEqual([])
    },
  )

  test.concurrent("answers no revision of an era that it does not speak", async ({ expect }) => {
    await using modern = await openFixture("modern")
    await using legacy = await openFixture("legacy")
    const initialize = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo }
    expect(await statusOf(modern.url, "initialize", initialize)).toBe(400)
    const envelope = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    }
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover" }
    const discover = { _meta: envelope }
    expect(await statusOf(legacy.url, "server/discover", discover, headers)).toBe(400)
    expect(await statusOf(modern.url, "server/discover", discover, headers)).toBe(200)
    expect(await statusOf(legacy.url, "initialize", initialize)).toBe(200)
  })
})

test.concurrent(
  "the tasks fixture passes the scenarios of its extension, and no others",
  patience,
  async ({ expect }) => {
    await using fixture = await openTasksFixture()
    const results = await runSuite(fixture.url, "2026-07-28")
    const { required, unscored } = requirementsOf("2026-07-28")
    const tasks = unscored.filter((name) => isAboutTasks(name) && name !== checksNothing)
    expect(tasks).toHaveLength(9)
    expect(complaintsOf(results, tasks)).toEqual([])
    expect(complaintsOf(results, [checksNothing])).toHaveLength(1)
    expect(results.get("prompts-list")?.outcome).toBe("failed")
    expect(complaintsOf(results, required).join("\n")).toContain("prompts-list: ")
  },
)

const clientInfo = { name: "test", version: "1" }

async function statusOf(
  url: string,
  method: string,
  params: object,
  headers = {},
): Promise<number> {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  })
  await answer.body?.cancel()
  return answer.status
}
