import { expect, test } from "vitest"
import { startGateway } from "../support/e2e-gateway.ts"
import { registryOf } from "../support/e2e-registry.ts"
import { ask, json, legacy, post, session } from "../support/face-server.ts"

const execution = (taskSupport: string) => ({ execution: { taskSupport } })

/** Tools of one server: one says nothing, one has it from the server's entry, one says it itself. */
function document(): string {
  const tools = { silent: "web", inheriting: "web", own: "web" }
  const {
    servers,
    tools: entries,
    ...rest
  } = registryOf({
    tools,
    agents: { a: Object.keys(tools) },
  }) as { servers: { provides: { tool: string }[] }[]; tools: { name: string }[] }
  return JSON.stringify({
    ...rest,
    servers: servers.map((server) => ({
      ...server,
      provides: server.provides.map((one) =>
        one.tool === "silent" ? one : { ...one, ...execution("optional") },
      ),
    })),
    tools: entries.map((one) => (one.name === "own" ? { ...one, ...execution("required") } : one)),
  })
}

test("legacy callers see which registered tools are tasks, modern ones nothing of it", async () => {
  await using gateway = await startGateway({ registry: document() })
  const { port } = gateway
  const listed = (answer: Awaited<ReturnType<typeof post>>) => {
    const { result } = json(answer) as { result: { tools: { name: string; execution?: object }[] } }
    return new Map(result.tools.map(({ name, execution }) => [name, execution]))
  }
  const headers = await session(port, "a@1.0.0")
  expect(listed(await post(port, legacy("tools/list"), headers))).toEqual(
    new Map([
      ["silent", undefined],
      ["inheriting", { taskSupport: "optional" }],
      ["own", { taskSupport: "required" }],
    ]),
  )
  const modern = listed(await ask(port, "a@1.0.0", "tools/list"))
  expect([...modern.values()]).toEqual([undefined, undefined, undefined])
})
