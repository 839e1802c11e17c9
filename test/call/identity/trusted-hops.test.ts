import { describe, expect, test } from "vitest"
import { createRecent } from "../../../src/call/identity/recent.ts"
import { createTrustedHops } from "../../../src/call/identity/trusted-hops.ts"

const peer = (remote: string, ...uris: string[]) => ({
  remote,
  certificate:
    uris.length === 0 ? undefined : { uris, fault: undefined, thumbprint: "t", untilMs: 1 },
})

describe("a hop is trusted", () => {
  const ranges = ["127.0.0.0/8", "::1/128", "10.1.2.3", "fd00::/8", "::ffff:192.168.0.0/112"]
  const isTrusted = createTrustedHops(ranges)
  test.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::ffff:127.0.0.1", true],
    ["::1", true],
    ["::2", false],
    ["10.1.2.3", true],
    ["10.1.2.4", false],
    ["fd00:1::5", true],
    ["fe80::1%eth0", false],
    ["192.168.200.1", true],
    ["192.169.0.1", false],
    ["::", false],
    ["", false],
    ["unix", false],
    ["nonsense", false],
    ["127.0.0.1, 127.0.0.1", false],
  ])("%s: %s", (remote, verdict) => {
    expect(isTrusted(peer(remote))).toBe(verdict)
    expect(isTrusted(peer(remote))).toBe(verdict) // from memory
  })

  test("on a unix socket where that is said", () => {
    expect(createTrustedHops(["unix"])(peer("unix"))).toBe(true)
    expect(createTrustedHops(["unix"])(peer("127.0.0.1"))).toBe(false)
  })

  test("by the one URI of its certificate", () => {
    const proxy = "spiffe://example.org/ns/edge/sa/envoy"
    const isTrusted = createTrustedHops([proxy])
    expect(isTrusted(peer("203.0.113.9", proxy))).toBe(true)
    expect(isTrusted(peer("203.0.113.9", `${proxy}/2`))).toBe(false)
    expect(isTrusted(peer("203.0.113.9", proxy, `${proxy}/2`))).toBe(false)
    expect(isTrusted(peer("203.0.113.9"))).toBe(false)
    expect(isTrusted(peer(proxy))).toBe(false)
  })

  test("nowhere, where nothing is said", () => {
    expect(createTrustedHops([])(peer("127.0.0.1"))).toBe(false)
  })

  test.each([
    "127.1",
    "010.0.0.1",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "host",
    "::/129",
    "10.0.0.0/-1",
    "",
  ])("and %j is no range", (range) => {
    expect(() => createTrustedHops([range])).toThrow()
  })
})

describe("what was used lately", () => {
  test("is remembered, and no more than so much", () => {
    const recent = createRecent<number>(10)
    for (let index = 0; index < 100; index += 1) {
      recent.set(`k${index}`, index)
      expect(recent.get("k0")).toBe(0) // asked for again and again
    }
    const kept = Array.from({ length: 100 }, (_, index) => recent.get(`k${index}`))
    expect(kept.filter((value) => value !== undefined).length).toBeLessThanOrEqual(10)
    expect(recent.get("k99")).toBe(99)
  })

  test("is forgotten when asked", () => {
    const recent = createRecent<number>(4)
    recent.set("a", 1)
    recent.clear()
    expect(recent.get("a")).toBeUndefined()
  })
})
