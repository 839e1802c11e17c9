import { renameSync, writeFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { test } from "vitest"
import { isObject } from "../../src/schema/json.ts"
import { type TestGateway, textOf } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { ask } from "../support/face-server.ts"
import { play } from "./support/invariants.ts"
import { seeded } from "./support/seeded.ts"
import { depends, type Made, World } from "./support/world.ts"

/** What an agent that sees this many tools finds in each list, if it is not mixed. */
const extras = Array.from({ length: 300 }, (_, n) => `extra-${n}`)

/** The nth document: every tool says so, and in every second one `a` has no victim. */
const document = (edition: number, hasVictim: boolean): string =>
  textOf({
    tools: {
      victim: "victim",
      steady: "steady",
      ...Object.fromEntries(
        extras.map((name) => [name, { server: "steady", description: `edition ${edition}` }]),
      ),
    },
    agents: { ...depends, ...(!hasVictim && { a: ["steady"] }), reader: extras },
  })

/** When the gateway said that a document is in use, and until when none replaced it. */
interface Reign {
  readonly hasVictim: boolean
  readonly fromMs: number
  untilMs: number
}

test("13 the registry changes again and again under load", async () => {
  const random = seeded(13)
  const reigns: Reign[] = []
  const lists: string[] = []
  await using world = await World.open({ crowd: 8, sketch: { registry: document(0, true) } })
  await play(world, {
    number: 13,
    name: "the registry changes again and again under load",
    async inject(world) {
      const { gateway } = world
      const reading = new AbortController()
      const readers = [1, 2].map(() => read(gateway, reading.signal, lists))
      try {
        for (let edition = 1; edition <= 16; edition++) {
          const hasVictim = edition % 2 === 0
          const before = await generationOf(gateway)
          const last = reigns.at(-1)
          if (last !== undefined) last.untilMs = world.now()
          replace(gateway.registryFile, document(edition, hasVictim))
          await becomes(async () => (await generationOf(gateway)) > before, `edition ${edition}`)
          reigns.push({ hasVictim, fromMs: world.now(), untilMs: Number.POSITIVE_INFINITY })
          await sleep(100 + 300 * random())
        }
      } finally {
        reading.abort()
        await Promise.all(readers)
      }
      return `16 documents of 302 tools, the victim taken away in every second, under ${rate(world.made)} calls a second and ${lists.length} lists`
    },
    async judge({ arrived, made }) {
      const reached = new Set(arrived.map(({ n }) => n))
      const ofA = made.filter(({ agent, tool }) => agent === "a" && tool === "victim")
      const within = (wanted: boolean) =>
        reigns
          .filter(({ hasVictim }) => hasVictim === wanted)
          .flatMap((reign) =>
            ofA.filter(({ beganMs, endMs }) => beganMs > reign.fromMs && endMs < reign.untilMs),
          )
      const [taken, given] = [within(false), within(true)]
      const past = taken.filter(({ fate, n }) => fate === "ok" || reached.has(n)).length
      const denied = given.filter(({ fate }) => fate !== "ok").length
      const mixed = lists.filter((editions) => editions !== "one").length
      return {
        ...(past > 0 && { I1: `${past} calls of a tool that was taken away` }),
        ...(denied > 0 && { I2: `${denied} calls were refused that were granted` }),
        ...(mixed > 0 && { I3: `${mixed} lists of two documents` }),
        ...(taken.length + given.length === 0 && { I1: "no call to judge" }),
      }
    },
  })
})

/** In one step, as whoever publishes does. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

async function generationOf(gateway: TestGateway): Promise<number> {
  const { registry } = await gateway.status()
  return isObject(registry) ? Number(registry["generation"]) : Number.NaN
}

/** Reads lists until it is told to stop, and notes whether each is of one document. */
async function read({ port }: TestGateway, signal: AbortSignal, lists: string[]): Promise<void> {
  while (!signal.aborted) {
    const { text } = await ask(port, "reader@1.0.0", "tools/list")
    const editions = text.match(/"edition \d+"/g) ?? []
    const isWhole = editions.length === extras.length && new Set(editions).size === 1
    lists.push(isWhole ? "one" : `${editions.length} tools of ${new Set(editions).size} documents`)
  }
}

function rate(made: readonly Made[]): number {
  const during = made.filter(({ phase }) => phase === "during")
  const ends = during.map(({ endMs }) => endMs)
  return Math.round((1_000 * during.length) / (Math.max(...ends) - Math.min(...ends)))
}
