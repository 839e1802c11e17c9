import { expect, test } from "vitest"
import { fakeGateway } from "../../support/face-gateway.ts"
import { faceServer, initialize, modern, opened, post, posting } from "../../support/face-server.ts"
import { eventually, reading, sessionStream } from "../../support/face-stream.ts"
import { jwtSettings, makeKey } from "../../support/issuer.ts"

const sketch = { tools: { "a@1": {} }, agents: { "reader@1": ["a@1"] } }
/** A beat each 5 ms. */
const limits = { keepAliveMs: 15 }

/** A face whose callers show tokens that are good for ten minutes of its clock, and five seconds more. */
async function world() {
  const key = await makeKey("k1")
  const settings = jwtSettings({ keys: [key.jwk] })
  const gateway = fakeGateway(sketch, undefined, { jwt: [settings] })
  const { port } = await faceServer(gateway, { limits })
  const exp = Math.floor(gateway.clock.now / 1_000) + 600
  const [aud = ""] = settings.audience
  const claims = { iss: settings.issuer, aud, exp, agent_name: "reader", agent_version: "1" }
  const bearer = async (more: object = {}) => ({
    authorization: `Bearer ${await key.sign({ ...claims, ...more })}`,
  })
  const legacy = async (headers: Record<string, string>) => {
    const answer = await post(port, initialize(), headers)
    const session = { ...headers, "mcp-session-id": String(answer.headers["mcp-session-id"]) }
    return sessionStream(port, session)
  }
  const listening = async (headers: Record<string, string>) => {
    const wish = { notifications: { toolsListChanged: true } }
    const { message, headers: said } = modern("subscriptions/listen", wish, "sub-1")
    return reading(await opened(port, posting(message, { ...said, ...headers })))
  }
  return { bearer, legacy, listening, clock: gateway.clock, endMs: (exp + 5) * 1_000 }
}

test("a stream ends with the token that opened it, in both eras, and no other does", async () => {
  const { bearer, clock, endMs, legacy, listening } = await world()
  const mine = await bearer()
  const streams = [await legacy(mine), await listening(mine)]
  const longer = await bearer({ exp: endMs / 1_000 + 60 })
  const stays = [await legacy(longer), await listening(longer)]

  clock.now = endMs - 1
  const beats = streams.map(({ text }) => text().split("\n:").length)
  await eventually(() =>
    streams.every(({ text }, at) => text().split("\n:").length > (beats[at] ?? 0) + 1),
  ).toBe(true)
  expect(streams.map(({ isOver }) => isOver())).toEqual([false, false])

  clock.now = endMs
  await Promise.all(streams.map(({ over }) => over()))
  expect(streams[1]?.messages().at(-1)).toMatchObject({ id: "sub-1", result: {} })
  expect(stays.map(({ isOver }) => isOver())).toEqual([false, false])
})
