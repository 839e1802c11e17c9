import { describe, expect, test } from "vitest"
import { orStop, type Reason, Stop } from "../../../src/compose/run/stop.ts"

const one: Reason = { class: "cancelled", message: "one" }
const two: Reason = { class: "deadline", message: "two" }

describe("a stop", () => {
  test("stops all parts, those that there are and those that come later", () => {
    const whole = new Stop()
    const before = new Stop(whole)
    whole.drain(one)
    const after = new Stop(whole)
    for (const part of [before, after]) {
      expect(part.reason).toBe(one)
      expect(part.aborted).toBeUndefined()
    }
    whole.abort(two)
    for (const part of [before, after, new Stop(after)]) expect(part.aborted).toBe(two)
  })

  test("of a part stops nothing else", () => {
    const whole = new Stop()
    const part = new Stop(whole)
    const other = new Stop(whole)
    part.abort(one)
    expect(whole.reason).toBeUndefined()
    expect(other.reason).toBeUndefined()
  })

  test("tells of each degree once, with the first reason for it", () => {
    const stop = new Stop()
    const told: (Reason | undefined)[] = []
    stop.watch(() => void told.push(stop.reason))
    stop.drain(one)
    stop.drain(two)
    stop.abort(two)
    stop.abort(one)
    stop.drain(one)
    expect(told).toEqual([one, two])
  })

  test("does not reach a part that is over, nor a watcher that has left", () => {
    const whole = new Stop()
    const part = new Stop(whole)
    let told = 0
    const watcher = () => {
      told++
    }
    part.watch(watcher)
    part.close()
    whole.abort(one)
    expect(part.reason).toBeUndefined()
    part.unwatch(watcher)
    part.abort(two)
    expect(told).toBe(0)
  })

  test("tells nobody who has left while others were told, and all who stayed", () => {
    const stop = new Stop()
    const told: string[] = []
    const second = () => void told.push("second")
    const first = () => {
      told.push("first")
      stop.unwatch(first)
      stop.unwatch(second)
      stop.watch(late)
    }
    const late = () => void told.push("late")
    stop.watch(first)
    stop.watch(second)
    stop.watch(() => void told.push("third"))
    stop.drain(one)
    expect(told).toEqual(["first", "third"])
    stop.abort(two)
    expect(told).toEqual(["first", "third", "third", "late"])
  })

  test("comes before a promise that never settles, and after one that has", async () => {
    const stop = new Stop()
    const never = orStop(new Promise(() => {}), stop, "aborted")
    const value = await orStop(Promise.resolve(7), stop, "aborted")
    expect(value).toEqual({ isStopped: false, value: 7 })
    stop.drain(one)
    const drained = await orStop(new Promise(() => {}), stop, "reason")
    expect(drained).toEqual({ isStopped: true, reason: one })
    stop.abort(two)
    expect(await never).toEqual({ isStopped: true, reason: two })
  })

  test("drops what a promise comes to after it, also a rejection", async () => {
    const stop = new Stop()
    const { promise, reject } = Promise.withResolvers<number>()
    const waited = orStop(promise, stop, "reason")
    stop.abort(one)
    reject(new Error("late"))
    expect(await waited).toEqual({ isStopped: true, reason: one })
    await expect(promise).rejects.toThrow("late")
  })
})
