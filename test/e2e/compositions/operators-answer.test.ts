import { expect, test } from "vitest"
import { command } from "../../support/command.ts"
import { operatedShop, runOf } from "../../support/operated-shop.ts"

/* What a run asks an operator, with the commands that operators type, at a real gateway. */

const desk = operatedShop({ runHold: "1s" })
const { shop, runs, isNow } = desk
const answer = (id: string, ...args: readonly string[]) => desk.operate("answer", id, ...args)

/** Its caller cannot wait; the run's id, when it waits. */
async function waiting(tool: string, name: string): Promise<string> {
  const { id } = runOf(await desk.call(tool, name))
  await isNow(id, "waiting")
  return id
}

/** The commands that `runs show` offers, each as a shell takes it apart. */
const offered = (stdout: string): readonly (readonly string[])[] =>
  [...stdout.matchAll(/^ {2}postern runs (.*)$/gm)].map(([, line = ""]) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
  )

const refused = async (words: RegExp | string, ...args: readonly [string, ...string[]]) => {
  const { code, stderr } = await answer(...args)
  expect([args, code, stderr]).toEqual([args, 1, expect.stringMatching(words)])
}

test("a run that asks an operator waits, tells its caller so, and goes on with the answer", async () => {
  const id = await waiting("grant", "yes")
  const told = await desk.call("grant", "yes")
  expect(JSON.stringify(told)).toMatch(
    /grant waits for approval by an operator\..*Call it again with the same arguments to get its result/,
  )
  expect((await runs("list", "-s", "waiting")).stdout).toMatch(
    new RegExp(`^${id}  grant@1.0.0  waiting .* ask asks an operator: Grant it\\?$`, "m"),
  )
  const { stdout } = await runs("show", id)
  const who = ["--reason", "TEXT", "--operator", "NAME", "--config", desk.configFile]
  expect(stdout).toMatch(
    /what it waits to be told\n {2}ask {2}Grant it\?\n {4}by an operator until 2/,
  )
  expect(offered(stdout).filter(([verb]) => verb === "answer")).toEqual([
    ["answer", id, "accept", "ask", "--content", '{"note": "TEXT"}', ...who],
    ["answer", id, "decline", "ask", ...who],
  ])
  expect((await desk.show(id))["possible"]).toEqual([
    { verb: "answer", step: "ask", action: "accept", needs: ["content"] },
    { verb: "answer", step: "ask", action: "decline" },
    { verb: "compensate" },
    { verb: "cancel" },
  ])
  await refused(/accept needs content, as it is asked for: .*note/, id, "accept")
  await refused(/content does not fit: .*note/, id, "accept", "--content", '{"note": 7}')
  await refused(/step ship asks nothing now; what asks is ask/, id, "decline", "ship")
  const [typed = []] = offered(
    stdout.replace('"TEXT"', '"fine"').replace("TEXT", "'night shift'").replace("NAME", "kim"),
  )
  expect(await command(["runs", ...typed])).toMatchObject({
    code: 0,
    stdout: `answer: run ${id} was waiting, and is running now\n`,
  })
  await isNow(id, "completed")
  await refused(/answer is for a run that is waiting, and this one is completed/, id, "decline")
  expect(shop.called("yes")).toEqual(["reserve", "ship"])
  expect(JSON.stringify(await desk.call("grant", "yes"))).toContain("fine")
  expect((await runs("show", id)).stdout).toContain("accept by kim  night shift")
  const notes = desk.audit().map(({ note }) => note)
  expect(notes.filter(({ run, event }) => run === id && event === "answer")).toEqual([
    {
      ...{ event: "answer", run: id, tool: "grant", from: "waiting", to: "running" },
      ...{ operator: "kim", reason: "night shift", step: "ask", action: "accept" },
    },
  ])
})

test("an operator may answer instead of the caller, and with no", async () => {
  const id = await waiting("loan", "no")
  expect((await answer(id, "decline", "ask")).code).toBe(0)
  await isNow(id, "compensated")
  expect(shop.called("no")).toEqual(["reserve", "unreserve"])
  const told = JSON.stringify(await desk.call("loan", "no"))
  expect(told).toContain("the person who was asked declined")
  expect(told).not.toMatch(/kim|night shift/)
})

test("of two questions each is answered by its step, one after the other", async () => {
  const id = await waiting("pair", "two")
  await refused(/more than one step asks; say which: left, right/, id, "accept")
  const shown = (await runs("show", id)).stdout
  expect(shown).toContain(`answer ${id} accept left --reason TEXT `)
  expect(shown).toContain(
    `answer ${id} accept right [--content '{"by": "r"|"it'\\''s me", "sure": true|false, "times": NUMBER}'] --reason TEXT `,
  )
  expect((await answer(id, "accept", "right", "--content", '{"by": "r"}')).code).toBe(0)
  await isNow(id, "waiting")
  await refused(/step right asks nothing now; what asks is left/, id, "decline", "right")
  expect((await answer(id, "accept")).code).toBe(0)
  await isNow(id, "completed")
  expect(shop.called("two")).toEqual(["ship"])
})

test("of two operators at once one is heard, and the other is told", async () => {
  const id = await waiting("grant", "race")
  const [one, other] = await Promise.all([
    answer(id, "accept", "--content", '{"note": "first"}'),
    answer(id, "decline"),
  ])
  expect([one.code, other.code].sort()).toEqual([0, 1])
  expect(one.stderr + other.stderr).toMatch(
    /stepped in at the same time|is for a run that is waiting/,
  )
  await isNow(id, one.code === 0 ? "completed" : "compensated")
})

test("what is no answer is refused before anybody is asked", async () => {
  for (const [args, words] of [
    [["maybe"], /ANSWER: expected accept or decline/],
    [["accept", "--content", "7"], /--content: expected an object/],
    [["accept", "--content", "{"], /--content: expected JSON/],
    [["decline", "--content", "{}"], /--content: only what is accepted has any/],
    [[], /ANSWER/],
  ] as const) {
    const { code, stderr } = await answer("someone", ...args)
    expect([args, code, stderr]).toEqual([args, 2, expect.stringMatching(words)])
  }
  await refused(/there is no run nobody/, "nobody", "accept")
})

test("the admin listener takes answers, and nothing else for one", async () => {
  const id = await waiting("grant", "page")
  const post = (body: unknown) => desk.post(`/runs/${id}/answer`, body)
  const words = { operator: "kim", reason: "r" }
  for (const [status, body] of [
    [400, words],
    [400, { ...words, action: "cancel" }],
    [400, { ...words, action: "accept", content: "x" }],
    [400, { ...words, action: "accept", output: {} }],
    [409, { ...words, action: "accept", step: "__proto__" }],
    [422, { ...words, action: "accept", content: { note: [] } }],
    [200, { ...words, action: "accept", content: { note: "by page" } }],
    [409, { ...words, action: "accept", content: { note: "late" } }],
  ] as const)
    expect([body, (await post(body)).status]).toEqual([body, status])
  await isNow(id, "completed")
})

test("it waits across a restart, and may be answered while no gateway runs", async () => {
  const [one, two] = [await waiting("grant", "later"), await waiting("grant", "offline")]
  await desk.stop()
  expect((await answer(two, "accept", "--content", '{"note": "n"}')).stdout).toContain(
    "the next one goes on with it",
  )
  await refused(/is running/, two, "decline")
  await desk.start()
  await isNow(two, "completed")
  await isNow(one, "waiting")
  expect((await answer(one, "accept", "--content", '{"note": "n"}')).code).toBe(0)
  await isNow(one, "completed")
  expect(shop.called("later")).toEqual(["reserve", "ship"])
})
