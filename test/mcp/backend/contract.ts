import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { Address } from "../../../src/mcp/backend/address.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { open, refusal, text, until } from "../../support/backend-world.ts"

/** What every way to a backend does. `start` starts one that behaves as test/support/backend-behaviour.ts says. */
export function backendContract(
  name: string,
  era: "legacy" | "modern",
  start: () => Promise<Address>,
): void {
  describe(`${name}, as any way to a backend,`, () => {
    test("finds out the era by itself and delivers arguments and results", async () => {
      const { backends, call } = open(await start())
      const args = { q: "Zürich \u2028 “x”", deep: { list: [1, null, true] } }
      expect(text(await call("echo", { arguments: args }))).toBe(JSON.stringify(args))
      expect(backends.status()).toMatchObject([{ era, state: "up", calls: 1, inFlight: 0 }])
    })

    test("sends no arguments where there are none", async () => {
      const { call } = open(await start())
      expect(text(await call("echo"))).toBe("null")
    })

    test("relays a tool's error result with members that it does not know", async () => {
      const { call } = open(await start())
      expect(await call("tool-error")).toMatchObject({
        kind: "result",
        result: { isError: true, x: { y: 1 } },
      })
    })

    test("relays a JSON-RPC error with code, message and data", async () => {
      const { call } = open(await start())
      const error = { code: -32005, message: "no", data: { n: 1 } }
      expect(await call("fail")).toEqual({ kind: "error", error })
    })

    test("keeps numbers that a double cannot carry, and gives doubles beside them", async () => {
      const { call } = open(await start())
      const reply = await call("long")
      if (reply.kind !== "result") throw new Error("no result")
      expect(JSON.stringify(reply.result)).toContain('{"n":12345678901234567890,"f":1.0}')
      expect(reply.plain?.["structuredContent"]).toEqual({ n: 12345678901234567000, f: 1 })
    })

    test("gives progress back under the caller's token, rising only, in order", async () => {
      const { call } = open(await start())
      const got: JsonObject[] = []
      await call("progress", {
        meta: { progressToken: 7, "x/y": 1 },
        onNotification: (notification) => got.push(notification),
      })
      expect(got.map(({ params }) => params)).toEqual(
        [1, 2, 3].map((progress) => ({ progressToken: 7, progress, message: "go" })),
      )
    })

    test("goes on when the caller's side fails to take a notification", async () => {
      const { call, events } = open(await start())
      const onNotification = () => {
        throw new Error("cannot take it")
      }
      const reply = await call("progress", { meta: { progressToken: 1 }, onNotification })
      expect(text(reply)).toBe("done")
      expect(events.filter(({ event }) => event === "notification_not_taken")).toHaveLength(3)
    })

    test("does not mix up two callers with the same progress token", async () => {
      const { call } = open(await start())
      const got: string[] = []
      const one = (caller: string) =>
        call("progress", { meta: { progressToken: "t" }, onNotification: () => got.push(caller) })
      await Promise.all([one("a"), one("b")])
      expect(got.sort()).toEqual(["a", "a", "a", "b", "b", "b"])
    })

    test("never crosses hundreds of interleaved calls of two callers", async () => {
      const { call } = open(await start())
      const answers = await Promise.all(
        Array.from({ length: 400 }, async (_, index) => {
          const args = { caller: index % 2 ? "a" : "b", index }
          const reply = await call(index % 3 ? "echo" : "slow", { arguments: args })
          return text(reply) === JSON.stringify(args)
        }),
      )
      expect(answers).toEqual(answers.map(() => true))
    })

    test("tells the backend when a caller gives up, and answers at once", async () => {
      const { call } = open(await start())
      const cancellation = new Cancellation()
      const waiting = call("wait", { cancellation })
      await until(async () => text(await call("waiting")) === "1 waiting, 0 cancelled")
      cancellation.cancel()
      expect(refusal(await waiting).code).toBe("cancelled")
      await until(async () => text(await call("waiting")) === "0 waiting, 1 cancelled")
    })

    test("does not send a call that was given up before", async () => {
      const { call } = open(await start())
      const cancellation = new Cancellation()
      cancellation.cancel()
      const reply = await call("wait", { cancellation })
      expect(refusal(reply).code).toBe("cancelled")
      expect(text(await call("waiting"))).toBe("0 waiting, 0 cancelled")
    })

    test("ends a call at its deadline and tells the backend", async () => {
      const address = await start()
      const short = { ...address, options: { ...address.options, timeoutMs: 700 } }
      const { call } = open(short)
      await until(async () => (await call("echo")).kind === "result") // a start may take longer than a call may
      const reply = refusal(await call("wait"))
      expect(reply).toMatchObject({ code: "backend_timeout", subject: "the-wait" })
      await until(async () => text(await call("waiting")) === "0 waiting, 1 cancelled")
    })

    test("runs no more calls at once than allowed, keeps the rest waiting, refuses what is over", async () => {
      const address = await start()
      const narrow = { ...address, options: { ...address.options, concurrencyMax: 2, queueMax: 2 } }
      const { backends, call } = open(narrow)
      await call("echo")
      const cancellations = [1, 2, 3, 4].map(() => new Cancellation())
      const calls = cancellations.map((cancellation) => call("wait", { cancellation }))
      expect(backends.status()).toMatchObject([{ inFlight: 2, queued: 2 }])
      expect(refusal(await call("echo"))).toMatchObject({ code: "overloaded", retryAfterMs: 1000 })
      for (const cancellation of cancellations) cancellation.cancel()
      await Promise.all(calls)
      expect(backends.status()).toMatchObject([{ inFlight: 0, queued: 0 }])
      expect(text(await call("echo"))).toBe("null")
    })

    test("gives a waiting call the place of one that ended", async () => {
      const address = await start()
      const narrow = { ...address, options: { ...address.options, concurrencyMax: 1 } }
      const { call } = open(narrow)
      const args = Array.from({ length: 50 }, (_, index) => ({ index }))
      const replies = await Promise.all(args.map((one) => call("echo", { arguments: one })))
      expect(replies.map(text)).toEqual(args.map((one) => JSON.stringify(one)))
    })

    test("reads the whole tool list after connecting and says what is missing", async () => {
      const seen: unknown[] = []
      const { backends, call } = open(await start(), {
        observe: (server, sighting) => {
          if (sighting.kind === "tools") seen.push(server, ...sighting.tools)
        },
      })
      await call("echo")
      await until(() => seen.length > 0)
      expect(seen[0]).toEqual({ name: "it", version: "1" })
      expect(seen).toHaveLength(10)
      expect(seen[9]).toMatchObject({ name: "slow", definition: { x: "slow" } })
      expect(backends.status()).toMatchObject([{ toolCount: 9, missing: [] }])
    })

    test("ends calls in flight when it is closed, and refuses later ones", async () => {
      const { backends, call } = open(await start())
      await call("echo")
      const waiting = call("wait")
      await backends.close()
      expect(refusal(await waiting).code).toBe("backend_unavailable")
      expect(refusal(await call("echo")).code).toBe("backend_unavailable")
    })
  })
}
