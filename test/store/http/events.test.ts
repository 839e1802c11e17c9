import { describe, expect, onTestFinished, test, vi } from "vitest"
import { keep, serve, world } from "../../support/http-source.ts"

describe("a stream of changes", () => {
  test("is listened to where the source says so, and an event makes the gateway look", async () => {
    const { changes, server, source } = await world("{}", { events: true })
    server.state.headers = { link: '</other>; rel="next", </events>; rel="monitor"' }
    const watch = await source.watch(() => changes.push("due"))
    onTestFinished(() => watch.close())
    keep(source, await source.read())
    await expect.poll(() => source.state().events).toBe("open")
    await expect.poll(() => changes.length).toBe(1) // what came before the stream was open
    expect(await source.read()).toBeUndefined()
    server.announce("id: 7\nretry: 1\ndata: anything\n\n")
    await expect.poll(() => changes.length, { timeout: 10_000 }).toBe(2)
    for (const stream of server.streams) stream.destroy()
    const asked = () => server.requests.filter(({ url }) => url === "/events")
    await expect.poll(() => asked().length, { timeout: 10_000 }).toBe(2)
    expect(asked()[1]?.headers).toMatchObject({
      "last-event-id": "7",
      accept: "text/event-stream",
    })
  })

  test("of many events makes it look once", async () => {
    const { changes, server, source } = await world("{}", { events: true })
    server.state.headers = { link: "</events>; rel=monitor" }
    const watch = await source.watch(() => changes.push("due"))
    onTestFinished(() => watch.close())
    keep(source, await source.read())
    await expect.poll(() => source.state().events).toBe("open")
    for (let index = 0; index < 1_000; index++) server.announce("data\n\n")
    await expect.poll(() => changes.length).toBe(1)
    expect(server.requests.map(({ url }) => url)).toEqual(["/registry.json", "/events"])
  })

  test("makes it look as soon where the clock was set back meanwhile, by which the age still counts", async () => {
    const { changes, server, source } = await world("{}", { events: true })
    server.state.headers = { link: "</events>; rel=monitor" }
    const watch = await source.watch(() => changes.push("due"))
    onTestFinished(() => watch.close())
    keep(source, await source.read())
    await expect.poll(() => source.state().events).toBe("open")
    const before = source.state().ageMs
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3 * 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    server.announce("data\n\n")
    await expect.poll(() => changes.length, { timeout: 10_000 }).toBe(1)
    expect(source.state().ageMs).toBeGreaterThan(before)
  })

  test("is not asked for at another origin, nor where it is switched off", async () => {
    const elsewhere = await serve("{}")
    const link = `<${new URL("/events", elsewhere.url).href}>; rel="monitor"`
    const one = await world("{}", { events: true })
    one.server.state.headers = { link }
    keep(one.source, await one.source.read())
    const off = await world("{}")
    off.server.state.headers = { link: '</events>; rel="monitor"' }
    keep(off.source, await off.source.read())
    expect([one.source.state().events, off.source.state().events]).toEqual(["none", "none"])
    expect(elsewhere.requests).toEqual([])
  })

  test("that asks not to come back is left alone", async () => {
    const { server, source } = await world("{}", { events: true })
    server.state.headers = { link: '</events>; rel="monitor"' }
    keep(source, await source.read())
    server.state.act = (_, response) => response.writeHead(204).end()
    await expect.poll(() => source.state().events).toBe("none")
  })
})
