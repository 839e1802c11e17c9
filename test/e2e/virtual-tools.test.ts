import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { refusalOf, type TestGateway } from "../support/e2e-gateway.ts"
import { found, openVirtualWorld, token, type VirtualWorld } from "../support/e2e-virtual.ts"
import { as, legacy, modern, post, session } from "../support/face-server.ts"

// Tools shaped by the registry, through the real gateway as a process, in both eras, on real servers.

let world: VirtualWorld
let gateway: TestGateway
let asked: VirtualWorld["asked"]
beforeAll(async () => {
  world = await openVirtualWorld()
  gateway = world.gateway
  asked = world.asked
})
afterAll(() => world[Symbol.asyncDispose]())

type Era = "legacy" | "modern"
interface Sent {
  readonly args?: JsonObject
  readonly headers?: Record<string, string>
  /** The arguments as they are written on the wire. */
  readonly text?: string
}

/** One request of an era; its result, or its error with the HTTP status. */
async function request(era: Era, method: string, params: JsonObject, { headers = {}, text }: Sent) {
  const { message, headers: own } =
    era === "legacy"
      ? { message: legacy(method, params), headers: await session(gateway.port, "a@1.0.0") }
      : modern(method, params)
  const body = JSON.stringify(message).replace('"@"', () => text ?? '"@"')
  const answer = await post(gateway.port, body, { ...own, ...as("a@1.0.0"), ...headers })
  const { result, error } = JSON.parse(answer.text)
  return result ?? { status: answer.status, error }
}

async function call(era: Era, name: string, sent: Sent = {}) {
  asked.length = 0
  const args = sent.text === undefined ? (sent.args ?? {}) : "@"
  return request(era, "tools/call", { name, arguments: args }, sent)
}

/** The text of a result, as JSON where it is. */
function said(result: JsonObject): unknown {
  const [block] = Array.isArray(result["content"]) ? result["content"] : []
  const text = isObject(block) ? String(block["text"]) : ""
  return text.startsWith("{") ? JSON.parse(text) : text
}

const audited = () =>
  gateway
    .audit()
    .filter(({ kind }) => kind === "call")
    .at(-1)

describe.each(["legacy", "modern"] as const)("in the %s era", (era) => {
  const listed = async (name: string) => {
    const { tools } = await request(era, "tools/list", {}, {})
    return tools.find((tool: { name: string }) => tool.name === name)
  }

  test("several tools may share one source, each with its own words", async () => {
    expect(await listed("plain")).toMatchObject({ description: "finds documents" })
    expect(await listed("alias")).toMatchObject({
      title: "Another name",
      description: "the same tool",
      annotations: { openWorldHint: false },
    })
    for (const name of ["plain", "alias"]) {
      expect(await call(era, name)).toMatchObject({ structuredContent: found })
      expect(asked).toMatchObject([{ tool: "find" }])
    }
  })

  test("a schema of the tool's own is what callers see and are held to", async () => {
    const shaped = await listed("shaped")
    expect(shaped.inputSchema).toEqual({
      type: "object",
      properties: { q: { type: "string" } },
      required: ["q"],
    })
    expect(shaped.annotations).toEqual({ readOnlyHint: true, openWorldHint: false })
    expect(refusalOf(await call(era, "shaped", { args: { q: 1 } }))).toBe("invalid_input")
    expect(asked).toEqual([])
  })

  test("defaults fill in what is absent, from the environment as it is", async () => {
    expect((await listed("defaulted")).inputSchema.required).toEqual(["q"])
    const args = { q: "x" }
    const headers = { "mcp-param-tenant": "b" }
    expect(said(await call(era, "defaulted", { args }))).toEqual({
      ...{ tenant: "${caller.name}", limit: 5, path: "/srv/x" },
      ...args,
    })
    const own = { q: "x", tenant: "b", limit: 9 }
    expect(said(await call(era, "defaulted", { args: own, headers }))).toEqual({
      path: "/srv/x",
      ...own,
    })
  })

  test("a variable that is not set takes the tool out of the list, and names no reason to callers", async () => {
    expect(await listed("unset")).toBeUndefined()
    expect(said(await call(era, "unset"))).toBe("unset is unavailable now")
  })

  test("a hidden field is not shown, always has its default, and cannot be set", async () => {
    const { inputSchema } = await listed("hidden")
    expect(JSON.stringify(inputSchema)).not.toMatch(/tenant|ghost|__proto__/i)
    expect(inputSchema.required).toEqual(["q", "limit"])
    const args = { q: "x", limit: 1 }
    expect(said(await call(era, "hidden", { args }))).toEqual({ tenant: "acme", ...args })
  })

  test.each([
    ["by its name", '{"q":"x","limit":1,"tenant":"evil"}'],
    ["by its name with escapes", '{"q":"x","limit":1,"\\u0074en\\u0061nt":"evil"}'],
    ["as null", '{"q":"x","limit":1,"tenant":null}'],
    ["twice", '{"q":"x","limit":1,"tenant":"acme","tenant":"evil"}'],
    ["though no schema knows it", '{"q":"x","limit":1,"ghost":1}'],
  ])("a hidden field cannot be set %s", async (_, text) => {
    const answer = await call(era, "hidden", { text })
    expect(refusalOf(answer)).toBe("invalid_input")
    expect(JSON.stringify(answer)).not.toContain("acme")
    expect(asked).toEqual([])
  })

  test("a hidden field with a name that objects have cannot be set either", async () => {
    const answer = await call(era, "hidden", {
      text: '{"q":"x","limit":1,"__proto__":{"tenant":"evil"}}',
    })
    expect(answer["isError"] ?? answer.status >= 400).toBe(true)
    expect(asked).toEqual([])
  })

  test("what is inside other arguments is no field of the tool, and goes on as it is", async () => {
    const args = { q: "x", limit: 1, deep: { tenant: "inner", list: [{ ghost: 1 }] } }
    expect(said(await call(era, "hidden", { args }))).toEqual({ tenant: "acme", ...args })
  })

  test("values of the caller are those of its evidence, and no argument changes them", async () => {
    expect(said(await call(era, "personal"))).toEqual({
      who: "a@1.0.0 (asserted)",
      tenant: "none",
      subject: "",
    })
    for (const field of ["who", "tenant", "subject"])
      expect(refusalOf(await call(era, "personal", { args: { [field]: "x" } }))).toBe(
        "invalid_input",
      )
  })

  test("what a caller cannot prove is refused, and the audit says what it was", async () => {
    const { error } = await call(era, "needy")
    expect(error).toMatchObject({ message: "a stronger credential is needed" })
    expect(JSON.stringify(error)).not.toContain("tenant")
    expect(audited()).toMatchObject({
      refusal: "insufficient_trust",
      reason: "the tool needs caller.claims.tenant",
    })
  })

  test("every source of a field makes what the reference says", async () => {
    const made = {
      titles: ["Tides", "Harbours"],
      first: "Tides",
      source: "library",
      by: "Ada",
      line: "2 hits, first Tides",
      joined: "Tides & Harbours",
      inner: { count: 2 },
      items: [{ id: 1, author: "Ada" }, { id: 2 }],
    }
    const answer = await call(era, "mapped")
    expect(answer).toMatchObject({ structuredContent: made })
    expect(answer["structuredContent"]).toEqual(made)
    expect(said(answer)).toEqual(made)
  })

  test("of several servers the first that can be had answers, and the audit names it", async () => {
    expect(said(await call(era, "either"))).toBe("web")
    expect(audited()).toMatchObject({
      server: { name: "web", version: "1.0.0" },
      warnings: ["failed_over: down@1.0.0 backend_unavailable"],
      outcome: "ok",
    })
  })

  test("of several servers each answers in turn", async () => {
    const answers = [said(await call(era, "turns")), said(await call(era, "turns"))]
    expect(answers.toSorted()).toEqual(["other", "web"])
  })

  test("of several servers that one answers whose condition holds", async () => {
    expect(said(await call(era, "regional", { args: { region: "eu" } }))).toBe("web")
    expect(said(await call(era, "regional", { args: { region: "us" } }))).toBe("other")
    const nowhere = await call(era, "regional", { args: { region: "mars" } })
    expect(refusalOf(nowhere)).toBe("invalid_input")
    expect(said(nowhere)).toContain("no server of this tool takes these arguments")
  })

  test("a tool that may have an effect is not asked for at a second server", async () => {
    expect(refusalOf(await call(era, "careful"))).toMatch(/^backend_/)
    expect(asked).toEqual([])
    expect(audited()).toMatchObject({ server: { name: "hanging" }, warnings: [] })
  })

  test("several servers may be of several transports, with their own names for the tool", async () => {
    expect(said(await call(era, "mixed", { args: { q: 1 } }))).toEqual({ n: 1, q: 1 })
    expect(asked).toEqual([])
    expect(audited()).toMatchObject({ server: { name: "local" } })
  })
})

test("a caller with a token gets its own claims, and never another's", async () => {
  const said_ = async (claims: JsonObject) => {
    const { message, headers } = modern("tools/call", { name: "needy", arguments: {} })
    const all = { ...headers, authorization: await token(claims) }
    const { result, error } = JSON.parse((await post(gateway.port, message, all)).text)
    return result ? said(result) : error.message
  }
  expect(await said_({ tenant: "acme", sub: "u1" })).toEqual({ tenant: "acme" })
  expect(await said_({ tenant: "other", sub: "u1" })).toEqual({ tenant: "other" })
  expect(await said_({ sub: "u1" })).toBe("a stronger credential is needed")
})

test("a hidden field that wants a header has none towards callers, and has its default's towards the server", async () => {
  const { tools } = await request("modern", "tools/list", {}, {})
  const { inputSchema: shown } = tools.find(({ name }: { name: string }) => name === "tagged")
  expect(JSON.stringify(shown)).not.toContain("x-mcp-header")
  for (const headers of [{}, { "mcp-param-tenant": "evil" }]) {
    await call("modern", "tagged", { args: { q: "x" }, headers })
    expect(asked).toMatchObject([{ arguments: { q: "x", tenant: "acme" } }])
    expect(asked[0]?.headers["mcp-param-tenant"]).toBe("acme")
  }
})
