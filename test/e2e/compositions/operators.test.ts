import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { command } from "../../support/command.ts"
import { becomes } from "../../support/e2e-process.ts"
import { operatedShop, runOf } from "../../support/operated-shop.ts"
import type { Deed } from "../../support/scripted-shop.ts"

/*
 * Operators at a real gateway, with the commands that they type. The backend does what each order's script says, call by
 * call, and is well when the script is over.
 */

const desk = operatedShop({ runHold: "20s", bodyBytes: "64KiB" })
const { shop, runs, operate, show, isNow, post, page } = desk
const order = (id: string) => desk.call("order", id)

/** Its id. */
async function parked(name: string): Promise<string> {
  const { id, status } = runOf(await order(name))
  expect(status).toBe("parked")
  return id
}

/** Parked while it goes back: what was reserved could not be released. */
function stuck(name: string): Promise<string> {
  shop.plan(name, "charge", "broken")
  shop.plan(name, "unreserve", "broken", "broken")
  return parked(name)
}

/** Parked while it goes forward: nobody knows whether the card was charged. */
function unclear(name: string, ...then: Deed[]): Promise<string> {
  shop.plan(name, "charge", "lost", ...then)
  return parked(name)
}

/** Parked past its pivot. */
function shipped(name: string): Promise<string> {
  shop.plan(name, "tell", "broken")
  return parked(name)
}

describe("a run that could not be undone", () => {
  test("is listed and drawn, with what can be done", async () => {
    const id = await stuck("drawn")
    const none = await runs("list", "--status", "compensating", "--status", "abandoned")
    expect(none.stdout).toBe("no runs that are compensating, abandoned (--status names others)\n")
    const listed = await runs("list", "--status", "parked")
    expect(listed.stdout).toMatch(
      new RegExp(`^${id}  order@1.0.0  parked .* cannot undo reserve: .*unreserve is broken`, "m"),
    )
    expect(listed.stdout).toContain("  saga:order:drawn  cannot undo")
    const { stdout } = await runs("show", id)
    expect(stdout).toContain("order@1.0.0  parked (was compensating)")
    expect(stdout).toMatch(/ {2}begun .* by buyer, key saga:order:drawn/)
    expect(stdout).toMatch(/\+\d+\.\d{3} s {2}reserve {2}undo 2 +unreserve@1\.0\.0/)
    expect(stdout).toMatch(/undofail 2 .*unreserve is broken {2}not tried again/)
    expect(stdout).toContain(`compensation stuck  2 attempts, key ${id}/~reserve`)
    const offered = stdout
      .split("\n")
      .flatMap((line) => /^ {2}postern runs (.*)$/.exec(line)?.[1] ?? [])
    const who = `--reason TEXT --operator NAME --config ${desk.configFile}`
    expect(offered).toEqual([
      `resume ${id} ${who}`,
      `retry-step ${id} reserve ${who}`,
      `skip-step ${id} reserve ${who}`,
      `abandon ${id} ${who}`,
    ])
  })

  test("forges no line of a report with the id that its caller gave it", async () => {
    const forged = "order@1.0.0  completed"
    const id = await stuck(`forged\n${forged}\u202e`)
    const reports = [await runs("list", "--status", "parked"), await runs("show", id)]
    for (const { stdout } of reports) {
      expect(stdout).toContain(`saga:order:forged\\n${forged}\\u{202e}`)
      expect(stdout).not.toMatch(new RegExp(`^${forged}`, "m"))
    }
  })

  test("is tried again, as often as at first, with the same key", async () => {
    const id = await stuck("again")
    shop.plan("again", "unreserve", "broken", "well")
    expect(await operate("resume", id)).toMatchObject({
      code: 0,
      stdout: `resume: run ${id} was parked, and is compensating now\n`,
    })
    await isNow(id, "compensated")
    expect((await show(id))["reason"]).toMatch(/^step charge: .*charge is broken/)
    expect(shop.called("again")).toEqual(["reserve", "charge", ...Array(4).fill("unreserve")])
    expect(shop.keys("again", "unreserve")).toEqual(new Set([`${id}/~reserve`]))
  })

  test("is parked again where it still cannot; then one step is tried", async () => {
    const id = await stuck("still")
    shop.plan("still", "unreserve", "broken", "broken")
    await operate("resume", id)
    await becomes(() => shop.called("still").length === 6, "tried again")
    await isNow(id, "parked")
    expect((await operate("retry-step", id, "reserve")).code).toBe(0)
    await isNow(id, "compensated")
  })

  test("is undone where a person says that it is", async () => {
    const id = await stuck("by-hand")
    const odd = await operate("skip-step", id, "reserve", "--output", "1")
    expect(odd).toMatchObject({ code: 1, stderr: expect.stringContaining("has no output") })
    expect((await operate("skip-step", id, "reserve")).code).toBe(0)
    await isNow(id, "compensated")
    expect(shop.called("by-hand")).toEqual(["reserve", "charge", "unreserve", "unreserve"])
  })

  test("cannot do what only goes forward", async () => {
    const id = await stuck("no-way")
    for (const [args, words] of [
      [["cancel", id], /cancel is for a run that is running or waiting, and this one is parked/],
      [["compensate", id], /it goes back already; resume or retry-step/],
      [["retry-step", id, "charge"], /step charge is failed, and the run goes back/],
      [["skip-step", id, "tell"], /step tell is pending, and the run goes back/],
      [
        ["retry-step", id, "nothing"],
        /no step "nothing"; its steps are reserve, charge, ship, tell/,
      ],
      [["resume", "nobody"], /there is no run nobody/],
    ] as const) {
      const [verb, ...rest] = args
      const { code, stderr } = await operate(verb, ...rest)
      expect([verb, code]).toEqual([verb, 1])
      expect(stderr).toMatch(words)
    }
    expect((await show(id))["status"]).toBe("parked")
  })
})

describe("a run of which nobody knows whether a step happened", () => {
  test("is told by retry-step, with the same key", async () => {
    const id = await unclear("told")
    await operate("retry-step", id, "charge")
    await isNow(id, "completed")
    expect(shop.called("told")).toEqual(["reserve", "charge", "charge", "ship", "tell"])
    expect(shop.keys("told", "charge")).toEqual(new Set([`${id}/charge`]))
  })

  test("takes a person's word for it", async () => {
    const id = await unclear("word")
    await operate("skip-step", id, "charge", "--output", '{"by": "hand"}')
    await isNow(id, "completed")
    expect(shop.called("word")).toEqual(["reserve", "charge", "ship", "tell"])
    const [, charge] = Object(await show(id)).steps
    expect(charge).toMatchObject({ status: "done", byOperator: true, value: { by: "hand" } })
  })

  test("goes back with what nobody knows", async () => {
    const id = await unclear("back")
    shop.plan("back", "uncharge", "broken", "broken")
    await operate("compensate", id)
    await isNow(id, "parked")
    expect((await show(id))["reason"]).toMatch(/^cannot undo charge: /)
    await operate("retry-step", id, "charge")
    await isNow(id, "compensated")
    expect(shop.called("back").slice(2)).toEqual([
      ...["uncharge", "uncharge", "unreserve", "uncharge"],
    ])
    const listed = await runs("list", "--status", "compensated")
    expect(listed.stdout).toMatch(new RegExp(`^${id} .*saga:order:back  kim: night shift$`, "m"))
  })

  test("is given up, and whoever calls again is told what stays", async () => {
    const id = await unclear("given-up")
    expect((await operate("abandon", id)).stdout).toContain("was parked, and is abandoned now")
    const result = await order("given-up")
    expect(runOf(result)).toMatchObject({ id, status: "abandoned", replayed: true })
    expect(JSON.stringify(result)).toContain("It is not known whether this happened: charge.")
    const { code, stderr } = await operate("resume", id)
    expect([code, stderr]).toEqual([1, expect.stringContaining("is abandoned: it has ended")])
  })
})

describe("past its pivot", () => {
  test("a run goes back only by force", async () => {
    const id = await shipped("forced")
    const { code, stderr } = await operate("compensate", id)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/step ship is the point of no return, and is done/),
    ])
    const { stdout } = await runs("show", id)
    expect(stdout).toContain(`postern runs compensate ${id} --force --reason TEXT`)
    expect((await operate("compensate", id, "--force")).code).toBe(0)
    await isNow(id, "compensated")
    expect(shop.called("forced").slice(-2)).toEqual(["uncharge", "unreserve"])
  })

  test("a step takes no output that its tool would not give", async () => {
    const id = await shipped("misfit")
    for (const [words, ...args] of [
      [/skip-step needs an output here, what the step would have given: .*object/],
      [/the output does not fit: .*told/, "--output", '{"told": 7}'],
    ] as const)
      expect(await operate("skip-step", id, "tell", ...args)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(words),
      })
    expect((await operate("skip-step", id, "tell", "--output", '{"told": "by kim"}')).code).toBe(0)
    await isNow(id, "completed")
  })

  test("a run goes on when it is resumed", async () => {
    const id = await shipped("on")
    await operate("resume", id)
    await isNow(id, "completed")
    expect(shop.called("on").slice(-2)).toEqual(["tell", "tell"])
  })
})

test("a run that goes on is cancelled, or has to go back; its caller is told", async () => {
  for (const verb of ["cancel", "compensate"]) {
    shop.plan(verb, "reserve", "broken")
    const answer = order(verb)
    await becomes(() => shop.called(verb).length === 1, "it waits to try again")
    const [{ id }] = JSON.parse((await runs("list", "-s", "running", "--json")).stdout).runs
    expect((await operate(verb, id)).code).toBe(0)
    await isNow(id, "compensated")
    expect(shop.called(verb)).toEqual(["reserve"])
    await answer
    const told = JSON.stringify(await order(verb))
    expect(told).not.toMatch(/kim|night shift/)
  }
})

test("a run that waits for a person is cancelled, or has to go back", async () => {
  for (const verb of ["cancel", "compensate"]) {
    const name = `loan-${verb}`
    const answer = desk.call("loan", name)
    const listed = async () =>
      JSON.parse((await runs("list", "-s", "waiting", "--json")).stdout).runs as JsonObject[]
    await becomes(async () => (await listed()).length === 1, "it waits")
    const [waiting] = await listed()
    const id = String(waiting?.["id"])
    expect(await operate("resume", id)).toMatchObject({ code: 1 })
    expect((await operate(verb, id)).code).toBe(0)
    await isNow(id, "compensated")
    expect(shop.called(name)).toEqual(["reserve", "unreserve"])
    await answer
  }
})

test("each verb is in the journal and in the audit, with who and why", async () => {
  const id = await unclear("audited")
  await operate("skip-step", id, "charge", "--output", '{"card": "secret"}')
  await isNow(id, "completed")
  const notes = desk.audit().flatMap(({ kind, note }) => (kind === "run" ? note : []))
  expect(notes.find((note) => note["run"] === id && note["event"] === "skip-step")).toEqual({
    ...{ event: "skip-step", run: id, tool: "order", from: "parked", to: "running" },
    ...{ operator: "kim", reason: "night shift", step: "charge", output: true },
  })
  expect(JSON.stringify(notes)).not.toContain("secret")
  const { events, epoch } = await show(id)
  expect(events).toContainEqual(expect.objectContaining({ kind: "op", step: "charge" }))
  expect(epoch).toBeGreaterThan(1)
})

describe("the admin listener", () => {
  const words = { operator: "kim", reason: "why not" }

  test("takes no verb from a web page, and nothing that is no verb", async () => {
    const id = await unclear("page")
    const path = `/runs/${id}/abandon`
    for (const [status, headers] of [
      [403, { host: "evil.example" }],
      [403, { origin: "http://localhost:3000" }],
      [403, { "sec-fetch-site": "cross-site" }],
      [415, { "content-type": "text/plain" }],
    ] as const)
      expect((await post(path, words, headers)).status).toBe(status)
    for (const [status, body] of [
      [400, "{"],
      [400, {}],
      [400, { operator: "kim" }],
      [400, { ...words, force: true }],
      [400, { ...words, reason: "x".repeat(1_001) }],
      [400, '{"operator": "kim", "reason": "r", "__proto__": {}}'],
      [400, `${"[".repeat(200)}${"]".repeat(200)}`],
      [413, { ...words, reason: "x".repeat(70_000) }],
    ] as const)
      expect([body, (await post(path, body)).status]).toEqual([body, status])
    expect((await post(`/runs/${id}/delete`, words)).status).toBe(404)
    expect((await post("/runs/nobody/abandon", words)).status).toBe(404)
    expect((await page(path)).status).toBe(405)
    for (const [query, message] of [
      ["status=odd", /^status: expected one of/],
      ["after=nobody", /^after: there is no run nobody/],
      ["after=%00", /^after: expected the id of a run/],
      ["tool=%00", /^tool: expected the name/],
    ] as const) {
      const { status, text } = await page(`/runs?${query}`)
      expect([status, JSON.parse(text)]).toEqual([
        400,
        { error: "bad_request", message: expect.stringMatching(message) },
      ])
    }
    expect((await show(id))["status"]).toBe("parked")
  })
})

test("who is at the keyboard has a name and needs no secret of the gateway", async () => {
  const id = await unclear("nameless")
  const nameless = await runs("resume", id, "--reason", "night shift")
  expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining("POSTERN_OPERATOR")])
  const { code } = await command(
    ["runs", "resume", id, "--reason", "night shift", "--config", desk.configFile],
    { POSTERN_OPERATOR: "kim" },
  )
  expect(code).toBe(0)
  const sealed = join(desk.folder, "sealed.yaml")
  const plain = readFileSync(desk.configFile, "utf8")
  writeFileSync(sealed, JSON.stringify({ ...JSON.parse(plain), session: { key: "${NOT_HERE}" } }))
  expect((await command(["runs", "show", id, "--config", sealed])).stdout).toContain(id)
})

test("where no gateway runs, the next one goes on with what an operator said", async () => {
  const told = await shipped("offline-told")
  const id = await unclear("offline")
  await desk.stop()
  const listed = (await runs("list", "--limit", "1", "--status", "parked")).stdout
  expect(listed.match(/\S+/)?.[0]).toBe(id)
  expect(listed).toContain(`there may be more: go on with --after ${id}\n`)
  const rest = await runs("list", "--status", "parked", "--limit", "1000", "--after", id)
  expect(rest.stdout).toContain(told)
  expect(rest.stdout).not.toContain(id)
  expect(await runs("list", "--after", "nobody")).toMatchObject({
    code: 1,
    stderr: "after: there is no run nobody (any more); begin again with the first page\n",
  })
  const refused = await operate("cancel", id)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("this one is parked")])
  const { code, stdout } = await operate("retry-step", id, "charge")
  expect([code, stdout]).toEqual([0, expect.stringContaining("the next one goes on with it")])
  expect(shop.called("offline")).toEqual(["reserve", "charge"])
  expect((await operate("skip-step", told, "tell", "--output", "{}")).stderr).toMatch(
    /does not fit/,
  )
  expect((await operate("skip-step", told, "tell", "--output", '{"told": "x"}')).code).toBe(0)
  await desk.start()
  await isNow(id, "completed")
  expect(shop.called("offline")).toEqual(["reserve", "charge", "charge", "ship", "tell"])
  const said = desk.audit().map(({ note }) => note)
  expect(said).toContainEqual(
    expect.objectContaining({ event: "retry-step", run: id, operator: "kim" }),
  )
})
