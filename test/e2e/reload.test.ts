import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  logged,
  refusalOf,
  startGateway,
  type TestGateway,
  textOf,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { until } from "../support/e2e-process.ts"

const agent = "a@1.0.0"
const tools = { echo: "web", held: "web", one: "web", two: "web", three: "web" }
/** A document in which the agent has these tools, and `echo`. */
const granting = (...granted: string[]) =>
  textOf({ tools, agents: { a: ["echo", "held", ...granted] } })

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: granting(),
    servers: { "web:1.0.0": { url: backend.url } },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const sees = (...granted: string[]) =>
  until(async () =>
    expect(await toolsOf(gateway, agent)).toEqual(["echo", "held", ...granted].sort()),
  )

const replace = (text: string) => {
  const fresh = `${gateway.registryFile}.tmp`
  writeFileSync(fresh, text)
  renameSync(fresh, gateway.registryFile)
}

const metric = async (name: string) => {
  const { text } = await gateway.admin("/metrics")
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1])
}

describe("the registry is read again", () => {
  beforeEach(async () => {
    replace(granting())
    await sees()
  })

  test("after it was written in place", async () => {
    writeFileSync(gateway.registryFile, granting("one"))
    await sees("one")
  })

  test("after it was replaced by a rename", async () => {
    replace(granting("two"))
    await sees("two")
    replace(granting("one", "two"))
    await sees("one", "two")
  })

  test("after it was away", async () => {
    unlinkSync(gateway.registryFile)
    await logged(gateway, "registry_refused", ({ problems }) => String(problems).includes("ENOENT"))
    expect(await toolsOf(gateway, agent)).toEqual(["echo", "held"])
    writeFileSync(gateway.registryFile, granting("three"))
    await sees("three")
  })

  test("and what is no longer granted is refused on the next request", async () => {
    replace(granting("one"))
    await sees("one")
    expect(refusalOf(await callTool(gateway, agent, "one"))).not.toBe("unknown_tool")
    replace(granting())
    await sees()
    const calls = backend.called.length
    const refused = await callTool(gateway, agent, "one")
    expect(refused).toMatchObject({ error: { code: -32602, message: "Unknown tool: one" } })
    expect(backend.called).toHaveLength(calls)
  })

  test("while a call of a tool that goes away is in flight, which ends well", async () => {
    const slow = callTool(gateway, agent, "held")
    await until(() => expect(backend.held()).toBe(1))
    replace(textOf({ tools: { echo: "web" }, agents: { a: ["echo"] } }))
    await until(async () => expect(await toolsOf(gateway, agent)).toEqual(["echo"]))
    backend.release()
    expect(await slow).toMatchObject({ content: [{ text: "released" }] })
    expect(await callTool(gateway, agent, "held")).toMatchObject({ error: { code: -32602 } })
  })
})

describe("a registry that is not sound any more", () => {
  test("keeps the one in use, says so everywhere, and recovers when it is mended", async () => {
    replace(granting("one"))
    await sees("one")
    const refusals = await metric("postern_registry_reload_failures_total")
    const broken = granting("one", "two").replace('"tool": "two"', '"tool": "tow"')
    replace(broken)
    const line = await logged(gateway, "registry_refused", ({ problems }) =>
      String(problems).includes("source_not_provided"),
    )
    expect(line).toMatchObject({
      level: "error",
      problems: [
        expect.stringMatching(
          /registry\.json:\d+:\d+ error source_not_provided \/tools\/3\/source\/tool — .* \(hint: .*\)$/,
        ),
      ],
    })
    expect(await gateway.status()).toMatchObject({
      readiness: { ready: true },
      registry: { refused: { at: expect.any(String), problems: line["problems"] } },
    })
    expect(await metric("postern_registry_is_current")).toBe(0)
    expect(await metric("postern_registry_reload_failures_total")).toBe(refusals + 1)
    expect(gateway.audit().at(-1)).toMatchObject({ kind: "catalog", note: { event: "refused" } })
    expect(await toolsOf(gateway, agent)).toEqual(["echo", "held", "one"])
    expect(await callTool(gateway, agent, "echo")).toMatchObject({ content: [{ text: "{}" }] })

    replace(granting("one", "two"))
    await sees("one", "two")
    expect((await gateway.status())["registry"]).not.toHaveProperty("refused")
    expect(await metric("postern_registry_is_current")).toBe(1)
  })

  test("recovers also when the file becomes again what is in use", async () => {
    replace(granting("three"))
    await sees("three")
    replace("{")
    await until(async () => expect(await metric("postern_registry_is_current")).toBe(0))
    replace(granting("three"))
    await logged(gateway, "registry_recovered")
    expect(await metric("postern_registry_is_current")).toBe(1)
  })
})

describe("a registry behind the links of Kubernetes", () => {
  test("is read again when the link to the folder of its data is moved", async () => {
    const { folder } = gateway
    const publish = (name: string, text: string) => {
      const data = join(folder, name)
      mkdirSync(data)
      writeFileSync(join(data, "registry.json"), text)
      chmodSync(join(data, "registry.json"), 0o444)
      symlinkSync(name, join(folder, "..data_tmp"))
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"))
    }
    publish("..2026_1", granting("one"))
    rmSync(gateway.registryFile)
    symlinkSync("..data/registry.json", gateway.registryFile)
    await sees("one")
    publish("..2026_2", granting("two"))
    rmSync(join(folder, "..2026_1"), { recursive: true })
    await sees("two")
    publish("..2026_3", "[]")
    await logged(gateway, "registry_refused", ({ problems }) =>
      String(problems).includes("document_not_object"),
    )
    expect(await toolsOf(gateway, agent)).toEqual(["echo", "held", "two"])
    publish("..2026_4", granting("three"))
    await sees("three")
    rmSync(gateway.registryFile)
  })
})

describe("a storm of reloads", () => {
  test("makes no request fail, and ends with the last document", async () => {
    replace(granting("one"))
    await sees("one")
    const before = await metric("postern_registry_generation")
    const calling = keepCalling()
    for (let wave = 0; wave < 8; wave++) {
      const last = wave % 2 === 0 ? "two" : "three"
      for (let n = 0; n < 10; n++) replace(granting(n % 2 === 0 ? "one" : "two"))
      if (wave === 4) writeFileSync(gateway.registryFile, "{ half")
      replace(granting(last))
      await sees(last)
    }
    const { answered, failed } = await calling.stop()
    expect(failed).toEqual([])
    expect(answered).toBeGreaterThan(8)
    expect(await metric("postern_registry_generation")).toBeGreaterThanOrEqual(before + 8)
    expect(gateway.log().filter(({ event }) => /bug/.test(String(event)))).toEqual([])
  })
})

/** Several callers that list and call without a pause. */
function keepCalling() {
  let isOver = false
  let answered = 0
  const failed: unknown[] = []
  const caller = async () => {
    for (let n = 0; !isOver; n++) {
      const both = [callTool(gateway, agent, "echo", { n }), toolsOf(gateway, agent)] as const
      const [called, listed] = await Promise.all(both)
      if ("content" in called && !("isError" in called) && listed.includes("echo")) answered++
      else failed.push([called, listed])
    }
  }
  const callers = Array.from({ length: 4 }, caller)
  return {
    async stop() {
      isOver = true
      await Promise.all(callers)
      return { answered, failed }
    },
  }
}
