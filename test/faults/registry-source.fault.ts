import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { FlattenedSign } from "jose"
import { test } from "vitest"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { type TestGateway, textOf } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { makeKey } from "../support/issuer.ts"
import { type RegistryServer, serveRegistry } from "../support/registry-server.ts"
import { FaultyLink } from "./support/faulty-link.ts"
import { play } from "./support/invariants.ts"
import { seeded } from "./support/seeded.ts"
import { depends, World } from "./support/world.ts"

/** The document of a world; `more` grants what nobody may have before it is published. */
const document = (more: Readonly<Record<string, readonly string[]>> = {}): string =>
  textOf({ tools: { victim: "victim", steady: "steady" }, agents: { ...depends, ...more } })
const granting = document({ b: ["victim", "steady"] })

const registryAt = (port: number, more: JsonObject = {}): JsonObject => ({
  registry: {
    source: `http://127.0.0.1:${port}/registry.json`,
    cache: "./registry.copy",
    refreshInterval: "1s",
    ...more,
  },
})

/** What `/status` says of the registry. */
async function registryOf(gateway: TestGateway): Promise<JsonObject> {
  const { registry } = await gateway.status()
  return isObject(registry) ? registry : {}
}

async function sourceOf(gateway: TestGateway): Promise<JsonObject> {
  const { http } = await registryOf(gateway)
  return isObject(http) ? http : {}
}

const isStaleByMetrics = async (gateway: TestGateway): Promise<boolean> =>
  (await gateway.admin("/metrics")).text.includes("\npostern_registry_is_stale 1\n")

test("11 the registry's source is down at a start", async () => {
  await using source = await serveRegistry(document())
  await using link = await FaultyLink.open(source.port)
  await using world = await World.open({ config: registryAt(link.port) })
  const seen = { stale: false, fromCopy: false, metric: false }
  let backMs = Number.POSITIVE_INFINITY
  await play(world, {
    number: 11,
    name: "the registry's source is down at a start",
    spared: ["I7"],
    async inject(world) {
      await link.set({ kind: "refuse" })
      await world.restart()
      const { fromCopy, stale } = await sourceOf(world.gateway)
      Object.assign(seen, { stale, fromCopy, metric: await isStaleByMetrics(world.gateway) })
      await sleep(2_000)
      await link.set({ kind: "none" })
      const fromMs = world.now()
      await becomes(async () => (await sourceOf(world.gateway))["stale"] === false, "confirmed")
      backMs = world.now() - fromMs
      return "the source refuses, the gateway is killed and started from its copy, the source is back after 2 s"
    },
    async judge() {
      const missing = Object.entries(seen).filter(([, is]) => !is)
      return {
        ...(missing.length > 0 && { I6: `not told: ${missing.map(([name]) => name)}` }),
        ...(backMs > 5_000 && { I8: `the source was believed after ${Math.round(backMs)} ms` }),
      }
    },
  })
})

test("12 the registry's source has documents that are not good", async () => {
  const random = seeded(12)
  const [key, stranger] = [await makeKey("registry"), await makeKey("registry")]
  const folder = mkdtempSync(join(tmpdir(), "postern-fault-"))
  writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [key.jwk] }))
  await using source = await serveRegistry("")
  const publish = async (text: string, iat: number, signer = key) => {
    source.state.document = text
    source.state.others = { "/registry.json.jws": await signatureOf(text, iat, signer.privateKey) }
  }
  await publish(document(), 2_000)
  await using world = await World.open({
    config: registryAt(source.port, { signature: { keys: "./keys.json" } }),
    sketch: { folder },
  })
  const bad = badDocuments(source, publish, stranger)
  const untold: string[] = []
  let backMs = Number.POSITIVE_INFINITY
  await play(world, {
    number: 12,
    name: "the registry's source has documents that are not good",
    async inject({ gateway }) {
      const { digest } = await registryOf(gateway)
      const order = Object.entries(bad)
        .map((entry) => ({ entry, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ entry }) => entry)
      for (const [name, { code, offer }] of order) {
        await publish(document(), 2_000)
        await becomes(async () => (await sourceOf(gateway))["stale"] === false, "good again")
        await offer()
        await becomes(async () => {
          const told = JSON.stringify(await registryOf(gateway))
          return told.includes(code) && (await isStaleByMetrics(gateway))
        }, `${name} told of`).catch(() => untold.push(name))
        if ((await registryOf(gateway))["digest"] !== digest) untold.push(`${name} was taken`)
      }
      await publish(document({ c: [] }), 2_001)
      const fromMs = world.now()
      await becomes(async () => (await registryOf(gateway))["digest"] !== digest, "another")
      backMs = world.now() - fromMs
      return `${order.map(([name]) => name).join(", ")}: each would let b call the victim`
    },
    async judge({ made }) {
      const failed = made.find(({ agent, fate }) => agent === "a" && fate !== "ok")
      return {
        I2: failed && `a call was answered ${failed.fate}`,
        ...(untold.length > 0 && { I6: untold.join(", ") }),
        ...(backMs > 5_000 && { I8: `a good document was taken after ${Math.round(backMs)} ms` }),
      }
    },
  })
})

type Publish = (
  text: string,
  iat: number,
  signer?: Awaited<ReturnType<typeof makeKey>>,
) => Promise<void>

/** What must not replace a good document, and the words that tell of it. */
function badDocuments(
  source: RegistryServer,
  publish: Publish,
  stranger: Awaited<ReturnType<typeof makeKey>>,
): Readonly<Record<string, { readonly code: string; offer(): Promise<void> }>> {
  return {
    truncated: {
      code: "json_syntax",
      offer: () => publish(granting.slice(0, -20), 2_001),
    },
    invalid: {
      code: "tool_not_found",
      offer: () => publish(document({ b: ["victim", "steady", "nothing"] }), 2_001),
    },
    older: { code: "registry_document_older", offer: () => publish(granting, 1_999) },
    unsigned: {
      code: "registry_signature",
      offer: async () => {
        source.state.document = granting
        source.state.others = {}
      },
    },
    "signed by another": {
      code: "registry_signature_invalid",
      offer: () => publish(granting, 2_001, stranger),
    },
  }
}

async function signatureOf(
  text: string,
  iat: number,
  key: Awaited<ReturnType<typeof makeKey>>["privateKey"],
): Promise<string> {
  const header = { alg: "ES256", kid: "registry", iat, b64: false, crit: ["b64"] }
  const signing = new FlattenedSign(new TextEncoder().encode(text)).setProtectedHeader(header)
  const jws = await signing.sign(key)
  return `${jws.protected}..${jws.signature}`
}
