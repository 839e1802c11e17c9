import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { makeKey, startIssuer } from "../support/issuer.ts"
import { FaultyLink } from "./support/faulty-link.ts"
import { play } from "./support/invariants.ts"
import { seeded } from "./support/seeded.ts"
import { World } from "./support/world.ts"

const issuer = "https://idp.example"
type Key = Awaited<ReturnType<typeof makeKey>>

/** A token as its issuer's clock would have it, which goes wrong by so many seconds; negative: it is late. */
const token = (key: Key, agent: string, n: number, skew = 0): Promise<string> => {
  const now = Math.floor(Date.now() / 1_000)
  return key.sign({
    iss: issuer,
    aud: "postern",
    jti: String(n),
    ...(skew > 0 ? { nbf: now + skew, exp: now + skew + 600 } : { exp: now + (skew || 600) }),
    agent_name: agent,
    agent_version: "1.0.0",
  })
}
const bearer = async (text: Promise<string>) => ({ authorization: `Bearer ${await text}` })

const identity = (port: number): JsonObject => ({
  jwt: { issuer, audience: "postern", jwks: `http://127.0.0.1:${port}/jwks.json` },
  minTrust: "verified",
})

test("9 clocks are wrong and the issuer is down", async () => {
  const random = seeded(9)
  const [key, stranger] = [await makeKey("k1"), await makeKey("k2")]
  const served = await startIssuer([key.jwk])
  await using link = await FaultyLink.open(Number(new URL(served.url).port))
  const skews = [0, 2, -2, 100, -100] // the gateway is to bear five seconds
  const bad = new Set<number>()
  let isDown = false
  await using world = await World.open({
    config: { identity: identity(link.port) },
    proof(agent, n) {
      if (!isDown) return bearer(token(key, agent, n))
      const skew = skews[Math.floor(random() * skews.length)] ?? 0
      const isKnown = random() < 0.9
      if (Math.abs(skew) > 5 || !isKnown) bad.add(n)
      return bearer(token(isKnown ? key : stranger, agent, n, skew))
    },
  })
  await play(world, {
    number: 9,
    name: "clocks are wrong and the issuer is down",
    async inject() {
      isDown = true
      await link.set({ kind: "refuse" })
      await sleep(3_000)
      await link.set({ kind: "hang" })
      await sleep(3_000)
      await link.set({ kind: "none" })
      isDown = false
      return "issuer refuses for 3 s, hangs for 3 s; tokens ± 0, 2 and 100 s, one in ten of an unknown key"
    },
    async judge({ arrived, made }) {
      const passed = arrived.filter(({ n }) => bad.has(n)).length
      const good = made.filter(({ n, agent }) => !bad.has(n) && agent === "a")
      const turnedAway = good.filter(({ fate }) => fate !== "ok")
      expect(bad.size).toBeGreaterThan(20)
      return {
        I1: passed > 0 ? `${passed} calls with a bad token arrived` : undefined,
        I2: turnedAway[0] && `a good token was answered ${turnedAway[0].fate}`,
      }
    },
  })
})

test("10 the issuer's keys change under load", async () => {
  const random = seeded(10)
  const keys = await Promise.all(["k1", "k2", "k3", "k4"].map((kid) => makeKey(kid)))
  const served = await startIssuer(keys.slice(0, 1).map(({ jwk }) => jwk))
  const used = new Map<number, number>()
  const since: number[] = [0]
  let isOver = false
  await using world = await World.open({
    crowd: 3,
    config: { identity: identity(Number(new URL(served.url).port)) },
    proof(agent, n) {
      const newest = since.length - 1
      const which = isOver || random() < 0.8 ? newest : Math.floor(random() * newest)
      used.set(n, which)
      return bearer(token(keys[which] as Key, agent, n))
    },
  })
  /** Of the calls that this key proved and that were let in. */
  const letIn = (which: number) =>
    world.made.filter(
      ({ agent, fate, n }) => agent === "a" && fate === "ok" && used.get(n) === which,
    )
  await play(world, {
    number: 10,
    name: "the issuer's keys change under load",
    async inject(world) {
      for (const key of keys.slice(1)) {
        served.state.keys = [key.jwk]
        since.push(world.now())
        await sleep(4_000)
      }
      isOver = true
      return "three times another key in place of the last, none published ahead; one token in five is of an older key"
    },
    async judge({ made }) {
      const late: string[] = []
      const stale: string[] = []
      for (const [which, atMs] of since.entries()) {
        const firstMs = Math.min(...letIn(which).map(({ endMs }) => endMs))
        if (firstMs - atMs > 5_000)
          late.push(`k${which + 1} after ${Math.round(firstMs - atMs)} ms`)
        const older = made.filter(
          ({ beganMs, fate, n }) =>
            beganMs > firstMs && fate === "ok" && (used.get(n) ?? which) < which,
        )
        if (older.length > 0) stale.push(`${older.length} tokens of keys before k${which + 1}`)
      }
      return { ...(stale[0] && { I1: stale.join(", ") }), ...(late[0] && { I8: late.join(", ") }) }
    },
  })
})
