import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { beginFacts } from "../../../src/call/facts.ts"
import { redactedBackends } from "../../../src/call/results/redacted-backends.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { answering, done } from "../../support/gateway.ts"
import { resultsOf } from "../../support/rules.ts"

const catalog = sketchCatalog({
  tools: { "crm@1": { server: "crm@1.0.0" }, "web@1": { server: "web@1.0.0" } },
})
const [crm, web] = catalog.servers
const rules = resultsOf(
  {
    redact: [
      { id: "mails", match: { server: "crm" }, detect: ["email"] },
      { id: "cards", match: { tool: "crm" }, detect: ["payment_card"] },
      { id: "names", match: { server: "crm" }, path: "$.name" },
    ],
  },
  1_000,
)

/** A request to the server for something that is no tool's, which it answers so after it has said that. */
async function ask(server: typeof crm, answer: BackendReply, said: JsonObject[] = []) {
  if (server === undefined) throw new Error("there is a server")
  const facts = beginFacts(0, "d")
  const heard: JsonObject[] = []
  const inner = answering(async (_, { onNotification }) => {
    for (const one of said) onNotification?.(one)
    return answer
  })
  const request: BackendRequest = {
    method: "resources/read",
    subject: "a:b",
    name: "a:b",
    params: {},
    meta: undefined,
    cancellation: undefined,
    onNotification: (notification) => heard.push(notification),
    redacting: rules.redacting(rules.ofServer(server), facts),
  }
  const reply = await redactedBackends(inner).request(server, request)
  return { reply, heard, warnings: facts.warnings }
}

const mail = "ann@example.org"
const question = (params: JsonObject) =>
  done({ resultType: "input_required", inputRequests: { q: { method: "m", params } } })

describe("what a server says beside results", () => {
  test("has texts of its questions and of its tasks redacted, and what they go on by left alone", async () => {
    const kept = { mode: "url", url: `https://x.example/?u=${mail}`, elicitationId: mail }
    const { reply, warnings } = await ask(crm, question({ ...kept, message: `for ${mail}` }))
    expect(reply).toEqual(question({ ...kept, message: "for [redacted]" }))
    expect(warnings).toEqual(["redacted: mails"])
    const legacy = { task: { taskId: mail, status: "working", statusMessage: `of ${mail}` } }
    expect((await ask(crm, done(legacy))).reply).toEqual(
      done({ task: { ...legacy.task, statusMessage: "of [redacted]" } }),
    )
    const modern = { taskId: mail, statusMessage: `of ${mail}` }
    expect((await ask(crm, done(modern))).reply).toMatchObject({
      result: { taskId: mail, statusMessage: "of [redacted]" },
    })
  })

  test("has all that a task says redacted, whatever members its server gives it, and not what it goes on by", async () => {
    const related = { "io.modelcontextprotocol/related-task": { taskId: mail } }
    const ids = { taskId: mail, status: "working", ttl: null }
    const said = { title: `of ${mail}`, _meta: { ...related, for: mail } }
    const told = { title: "of [redacted]", _meta: { ...related, for: "[redacted]" } }
    expect((await ask(crm, done({ ...ids, ...said }))).reply).toEqual(done({ ...ids, ...told }))
    expect((await ask(crm, done({ task: { ...ids, ...said } }))).reply).toEqual(
      done({ task: { ...ids, ...told } }),
    )
  })

  test("has errors redacted where they come in, of which some become questions, but for the pages that they name", async () => {
    const page = { mode: "url", url: `https://x.example/?u=${mail}`, elicitationId: mail }
    const failed = (message: string, why: string): BackendReply => ({
      kind: "error",
      error: { code: -32042, message, data: { elicitations: [{ ...page, message: why }] } },
    })
    const { reply, warnings } = await ask(crm, failed(`no ${mail}`, `for ${mail}`))
    expect(reply).toEqual(failed("no [redacted]", "for [redacted]"))
    expect(warnings).toEqual(["redacted: mails"])
    expect((await ask(crm, failed("x".repeat(1_001), ""))).reply).toMatchObject({
      refusal: { code: "withheld_output" },
    })
  })

  test("goes by the redactions that name its server at most, and no tool, and by form", async () => {
    const said = { method: "notifications/message", params: { data: `${mail} 4111111111111111` } }
    const told = { ...said, params: { data: "[redacted] 4111111111111111" } }
    expect((await ask(crm, done(), [said])).heard).toEqual([told])
    expect((await ask(web, done(), [said])).heard).toEqual([said])
  })

  test("is not told where it is too long to be looked through", async () => {
    const long = "x".repeat(1_001)
    const { heard } = await ask(crm, done(), [
      { method: "notifications/progress", params: { progressToken: 1, message: long } },
      { method: "notifications/progress", params: { progressToken: 1, progress: 2 } },
    ])
    expect(heard).toEqual([
      { method: "notifications/progress", params: { progressToken: 1, progress: 2 } },
    ])
    expect((await ask(crm, question({ message: long }))).reply).toMatchObject({
      refusal: { code: "withheld_output", tool: "a:b" },
    })
  })

  test("is the very same where there is nothing to take out", async () => {
    const said = { method: "notifications/message", params: { data: [1, "a"] } }
    const answer = question({ message: "who?" })
    const { reply, heard, warnings } = await ask(crm, answer, [said])
    expect(reply).toBe(answer)
    expect(heard[0]).toBe(said)
    expect(warnings).toEqual([])
  })
})
