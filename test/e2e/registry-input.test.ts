import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { badDocuments } from "../support/e2e-documents.ts"
import {
  callTool,
  jsonLines,
  logged,
  makeWorld,
  startGateway,
  type TestGateway,
  textOf,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { postern, until } from "../support/e2e-process.ts"

const sound = { tools: { echo: "web" }, agents: { a: ["echo"] } }
const agent = "a@1.0.0"

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: sound,
    servers: { "web:1.0.0": { url: backend.url } },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const refusals = async () => ((await gateway.status())["registry"] as { refusals: number }).refusals

const generations = async () =>
  ((await gateway.status())["registry"] as { generation: number }).generation

const stillServes = async () => {
  expect(await toolsOf(gateway, agent)).toEqual(["echo"])
  expect(await callTool(gateway, agent, "echo", { x: 1 })).toMatchObject({
    content: [{ text: '{"x":1}' }],
  })
}

describe("a registry document that is bad", () => {
  test("is told apart by postern validate: a code and a place for each, and exit code 1", async () => {
    const files = badDocuments.map(({ name, bytes }, index) => {
      const file = join(gateway.folder, `${index}.bad.json`)
      writeFileSync(file, bytes)
      return { name, file }
    })
    const { code, stdout, stderr } = await postern([
      "validate",
      "--json",
      ...files.map(({ file }) => file),
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" })
    const found = jsonLines(stdout).map(({ file, ok, problems }) => ({
      name: files.find((one) => one.file === file)?.name,
      ok,
      codes: errorsOf(problems).map(({ code }) => code),
    }))
    const expected = badDocuments.map(({ name, code }) => ({ name, ok: false, codes: [code] }))
    expect(found.map((one) => ({ ...one, codes: [...new Set(one.codes)] }))).toEqual(expected)
    for (const { problems } of jsonLines(stdout))
      for (const problem of errorsOf(problems)) expect(problem.message).not.toBe("")
  })

  test.each(badDocuments)("never replaces a good one: $name", async ({ bytes, code }) => {
    const before = await refusals()
    const log = gateway.log().length
    writeFileSync(gateway.registryFile, bytes)
    await until(async () => expect(await refusals()).toBeGreaterThan(before))
    await stillServes()
    const line = gateway
      .log()
      .slice(log)
      .filter(({ event }) => event === "registry_refused")
      .at(-1)
    expect(String(line?.["problems"])).toContain(`error ${code} `)
    expect(String(line?.["problems"]).length).toBeLessThan(20_000)
  })

  test("leaves nothing behind: the next sound one is taken", async () => {
    const before = await generations()
    gateway.writeRegistry({ tools: { echo: "web", more: "web" }, agents: { a: ["echo"] } })
    await until(async () => expect(await generations()).toBe(before + 1))
    await stillServes()
    expect(gateway.log().filter(({ event }) => String(event).includes("bug"))).toEqual([])
  })

  // One of each code: from reading the file on, a start goes the way of a reload.
  const starts = [...Map.groupBy(badDocuments, ({ code }) => code).values()].flatMap(
    ([one]) => one ?? [],
  )
  test.concurrent.for(starts)(
    "never starts the gateway: $name",
    async ({ bytes, code }, { expect, onTestFinished }) => {
      const world = makeWorld({ registry: sound })
      onTestFinished(() => rmSync(world.folder, { recursive: true }))
      writeFileSync(world.registryFile, bytes)
      const ended = await postern(["serve", "--config", world.configFile])
      expect(ended).toMatchObject({ code: 1, stdout: "" })
      expect(ended.stderr).toContain(`error ${code} `)
      expect(ended.stderr).toContain(
        `postern cannot start: the registry document ${world.registryFile} is not sound`,
      )
      expect(ended.stderr).not.toMatch(/^\s+at /m) // no stack
    },
  )
})

describe("a schema that is hostile and says nothing wrong", () => {
  test("holds up its own call for a moment, and nobody else's", async () => {
    const own = await startGateway({
      registry: textOf({
        tools: {
          echo: "web",
          trap: {
            server: "web",
            as: "echo",
            inputSchema: {
              type: "object",
              properties: { p: { type: "string", pattern: "^(?:(a+)+)+$(?<!b)" } },
            },
          },
        },
        agents: { a: ["echo", "trap"] },
      }),
      servers: { "web:1.0.0": { url: backend.url } },
    })
    onTestFinished(() => own[Symbol.asyncDispose]())
    const p = `${"a".repeat(5_000)}!`
    const [trapped, ...others] = await Promise.all([
      callTool(own, agent, "trap", { p }),
      ...Array.from({ length: 10 }, () => callTool(own, agent, "echo", { n: 1 })),
    ])
    expect(trapped).toMatchObject({ isError: true })
    for (const other of others) expect(other).toMatchObject({ content: [{ text: '{"n":1}' }] })
    expect(await callTool(own, agent, "trap", { p: "aaa" })).toMatchObject({
      content: [{ text: '{"p":"aaa"}' }],
    })
    await logged(own, "registry_loaded")
  })
})

interface Found {
  readonly code: string
  readonly severity: string
  readonly message: string
}

const errorsOf = (problems: unknown): Found[] =>
  (problems as Found[]).filter(({ severity }) => severity === "error") // validate --json writes them
