import { describe, expect, test } from "vitest"
import type { Address } from "../../../src/mcp/backend/address.ts"
import { open, text, until, type World } from "../../support/backend-world.ts"

/** A server, and how to lose it: what it was asked to tell is forgotten, and every connection is gone. */
export interface Losable {
  readonly address: Address
  lose(world: World): Promise<void> | void
}

const tools = { kind: "list", of: "tools" } as const
const prompts = { kind: "list", of: "prompts" } as const
const resource = (uri: string) => ({ kind: "resource", uri }) as const

const changed = "notifications/tools/list_changed"
const updated = "notifications/resources/updated"

/** How every way to a backend is followed. `start` starts one that behaves as test/support/backend-behaviour.ts says. */
export function followContract(name: string, start: () => Promise<Losable>): void {
  describe(`${name}, as any way to a backend that is followed,`, () => {
    const begin = async () => {
      const { address, lose } = await start()
      const world = open(address)
      const tell = (method: string, params: Record<string, unknown> = {}) =>
        world.call("tell", { arguments: { ...params, method, params } as never })
      const log = async () => String(text(await world.call("news")))
      return { ...world, tell, log, lose: () => lose(world) }
    }

    test("tells all who follow a list, and nobody else", async () => {
      const { follow, tell } = await begin()
      const [one, other, third] = [follow(tools), follow(tools), follow(prompts)]
      for (const { agreed } of [one, other, third]) expect(await agreed()).toBe(true)
      await tell(changed)
      await until(() => one.heard.length > 0 && other.heard.length > 0)
      await tell("notifications/prompts/list_changed")
      await until(() => third.heard.length > 0)
      expect([one.heard, other.heard, third.heard]).toEqual([[tools], [tools], [prompts]])
    })

    test("subscribes to a resource once, however many follow it, and no longer than they do", async () => {
      const { follow, tell, log } = await begin()
      const uri = "test://a"
      const [one, other] = [follow(resource(uri)), follow(resource(uri))]
      expect([await one.agreed(), await other.agreed()]).toEqual([true, true])
      await tell(updated, { uri, more: 1 })
      await until(() => one.heard.length > 0 && other.heard.length > 0)
      expect(one.heard).toMatchObject([{ kind: "resource", uri, params: { uri, more: 1 } }])
      expect(other.heard).toEqual(one.heard)
      one.end()
      one.end()
      await tell(updated, { uri, more: 2 })
      await until(() => other.heard.length > 1)
      other.end()
      await until(async () => /unsubscribe|listen \{"/.test(await log()))
      await tell(updated, { uri, more: 3 })
      const asked = (await log()).split(", ").filter((line) => line.includes(uri))
      expect(asked.filter((line) => !line.startsWith("unsubscribe"))).toHaveLength(1)
      expect([one.heard.length, other.heard.length]).toEqual([1, 2])
    })

    test("tells of parts of what is followed, and of nothing that only looks like one", async () => {
      const { follow, tell } = await begin()
      const [folder, file] = [follow(resource("file:///a")), follow(resource("file:///a/b"))]
      await Promise.all([folder.agreed(), file.agreed()])
      await tell(updated, { uri: "file:///ab" })
      await tell(updated, { uri: "file:///a/b" })
      await tell(updated, { uri: "file:///a/c" })
      await until(() => folder.heard.length > 0 && file.heard.length > 0)
      expect(folder.heard).toMatchObject([{ uri: "file:///a/c" }])
      expect(file.heard).toMatchObject([{ uri: "file:///a/b" }])
    })

    test("tells that a resource changed, and not all that a server says of it when that is long", async () => {
      const { follow, tell } = await begin()
      const uri = "test://a"
      const watched = follow(resource(uri))
      await watched.agreed()
      await tell(updated, { uri, more: "x".repeat(200_000) })
      await until(() => watched.heard.length > 0)
      expect(watched.heard).toEqual([{ kind: "resource", uri, params: { uri } }])
    })

    test("tells nobody anything because others come and go", async () => {
      const { follow, tell } = await begin()
      const watched = follow(resource("test://a"))
      expect(await watched.agreed()).toBe(true)
      for (const uri of ["test://b", "test://c", "test://d"]) {
        const other = follow(resource(uri))
        expect(await other.agreed()).toBe(true)
        other.end()
      }
      await tell(updated, { uri: "test://a", more: 1 })
      await until(() => watched.heard.length > 0)
      expect(watched.heard).toMatchObject([{ params: { more: 1 } }])
    })

    test("connects for who wants it now, and not for who follows when there is a connection", async () => {
      const { follow, backends, call, tell } = await begin()
      const patient = follow(tools, "when connected")
      expect(backends.status()).toMatchObject([{ state: "idle", followed: 1 }])
      await call("echo")
      expect(await patient.agreed()).toBe(true)
      await tell(changed)
      await until(() => patient.heard.length === 1)
      patient.end()
      await until(() => backends.status()[0]?.followed === 0)
    })

    test("says that all may have changed when the server was lost, and follows again", async () => {
      const { follow, lose, tell, backends } = await begin()
      const [list, watched] = [follow(tools), follow(resource("test://a"))]
      await Promise.all([list.agreed(), watched.agreed()])
      await lose()
      await until(() => list.heard.length > 0 && watched.heard.length > 0)
      expect(list.heard).toEqual([tools])
      expect(watched.heard).toMatchObject([{ kind: "resource", uri: "test://a" }])
      await until(() => backends.status()[0]?.state === "up")
      await tell(updated, { uri: "test://a", after: 1 })
      await until(() => watched.heard.length > 1)
      expect(watched.heard.at(-1)).toMatchObject({ params: { after: 1 } })
    })

    test("tells a storm as a few", async () => {
      const { follow, tell } = await begin()
      const storm = 10_000
      const [list, watched] = [follow(tools), follow(resource("test://a"))]
      await Promise.all([list.agreed(), watched.agreed()])
      const began = performance.now()
      await tell("storm", { times: storm, uri: "test://a" })
      await until(() =>
        watched.heard.some(
          ({ kind, ...news }) => kind && "params" in news && news.params["n"] === storm,
        ),
      )
      const most = 2 + (performance.now() - began) / 250
      expect(list.heard.length).toBeLessThanOrEqual(most)
      expect(watched.heard.length).toBeLessThanOrEqual(most)
      expect(list.heard.length).toBeGreaterThan(1)
    })

    test("has room for a thousand resources, each told to its own followers", async () => {
      const { follow, tell } = await begin()
      const all = Array.from({ length: 1_000 }, (_, n) => follow(resource(`test://${n}/x`)))
      for (const { agreed } of all) expect(await agreed()).toBe(true)
      await tell(updated, { uri: "test://7/x" })
      await tell(updated, { uri: "test://999/x" })
      await until(() => all[7]?.heard.length === 1 && all[999]?.heard.length === 1)
      expect(all.reduce((sum, { heard }) => sum + heard.length, 0)).toBe(2)
    })
  })
}
