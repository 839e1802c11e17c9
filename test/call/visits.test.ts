import { describe, expect, test } from "vitest"
import { greet } from "../../src/call/greet.ts"
import { list } from "../../src/call/list.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { evidence } from "../support/evidence.ts"
import { type GatewaySketch, sketchGateway } from "../support/gateway.ts"

const catalog = sketchCatalog({
  tools: { "z@1": {}, "y@1": {}, "y@2": {}, "down@1": { unavailable: "no route" } },
  agents: { "a@1": ["z@1", "y@1", "down@1"], "nothing@1": [] },
})
const from = (agentName: string | undefined, method = "tools/list") => ({
  era: "legacy" as const,
  method,
  evidence: evidence({ agentName }),
  trace: undefined,
})
const bug = () => {
  throw new Error("a bug")
}
const world = (sketch?: GatewaySketch) => sketchGateway(catalog, sketch)

describe("tools/list", () => {
  const names = async (agent: string | undefined, sketch?: GatewaySketch) => {
    const { gateway } = world(sketch)
    const result = await list(from(agent), gateway)
    return result.ok
      ? result.value.tools.map(({ name, version }) => `${name}@${version}`)
      : result.refusal.code
  }

  test("shows an agent what it may call, in name order", async () => {
    expect(await names("a")).toEqual(["y@1", "z@1"])
    expect(await names("nothing")).toEqual([])
  })

  test("shows a stranger nothing, or everything where the configuration lets strangers in", async () => {
    expect(await names("x")).toBe("unknown_caller")
    expect(await names("x", { levels: { unknownCaller: "allow" } })).toEqual(["y@2", "z@1"])
  })

  test("asks no backend, and returns one array for one scope", async () => {
    const { gateway, requests } = world()
    const [first, second] = [await list(from("a"), gateway), await list(from("a"), gateway)]
    expect(first.ok && second.ok && first.value.tools === second.value.tools).toBe(true)
    expect(requests).toEqual([])
  })

  test("is in one record, answered, refused, or broken by a bug", async () => {
    const { gateway, records } = world()
    await list(from("a"), gateway)
    await list(from("x"), gateway)
    await expect(list(from("a"), { ...gateway, identify: bug })).rejects.toThrow("a bug")
    expect(records).toMatchObject([
      {
        kind: "list",
        decision: "allow",
        outcome: "ok",
        note: { listed: 2 },
        caller: { name: "a" },
      },
      { kind: "list", decision: "refuse", outcome: "refused", refusal: "unknown_caller" },
      { kind: "list", decision: "refuse", outcome: "bug" },
    ])
  })

  test("is not answered where it cannot be recorded", async () => {
    expect(await names("a", { gateway: { audit: () => false } })).toBe("audit_unavailable")
  })
})

describe("any other request", () => {
  test("is told who calls, under the catalog of that moment, and leaves no record", async () => {
    const { gateway, records } = world()
    const result = await greet({ ...from("a", "ping"), session: undefined }, gateway)
    expect(result).toMatchObject({ ok: true, value: { caller: { name: "a" }, catalog } })
    expect(records).toEqual([])
  })

  test("is recorded when it begins or ends a session", async () => {
    const { gateway, records } = world()
    await greet({ ...from("a", "initialize"), session: "start" }, gateway)
    await greet({ ...from("a", "DELETE"), session: "end" }, gateway)
    expect(records).toMatchObject([
      { kind: "session", method: "initialize", decision: "allow", note: { session: "start" } },
      { kind: "session", method: "DELETE", decision: "allow", note: { session: "end" } },
    ])
  })

  test("is recorded when its caller is refused, or a bug throws", async () => {
    const { gateway, records } = world()
    const refused = await greet({ ...from("x", "initialize"), session: "start" }, gateway)
    expect(refused).toMatchObject({ ok: false, refusal: { code: "unknown_caller" } })
    const broken = greet(
      { ...from("a", "ping"), session: undefined },
      { ...gateway, identify: bug },
    )
    await expect(broken).rejects.toThrow("a bug")
    expect(records).toMatchObject([
      { kind: "identity", decision: "refuse", refusal: "unknown_caller" },
      { kind: "identity", decision: "refuse", outcome: "bug" },
    ])
  })
})
