import { onTestFinished } from "vitest"
import type { BackendReply, BackendRequest } from "../../src/call/backends.ts"
import type { Eagerness, News, Topic } from "../../src/call/following.ts"
import type {
  Address,
  BackendOptions,
  HttpAddress,
  StdioAddress,
} from "../../src/mcp/backend/address.ts"
import type { BackendLimits } from "../../src/mcp/backend/limits.ts"
import type { LogFields } from "../../src/mcp/backend/link.ts"
import {
  type BackendPool,
  type BackendPoolOptions,
  createBackends,
} from "../../src/mcp/backend/pool.ts"
import type { CatalogServer } from "../../src/registry/catalog.ts"
import type { Provision } from "../../src/registry/model.ts"
import type { JsonObject } from "../../src/schema/json.ts"

export const modernVersion = "2026-07-28"

/** Short enough for tests, long enough for two busy cores. */
const limits: Partial<BackendLimits> = {
  connectMs: 3_000,
  probeMs: 1_500,
  startMs: 8_000,
  backoffMs: 50,
  backoffMaxMs: 200,
  drainMs: 300,
  terminateMs: 300,
  lingerMs: 50,
  streamBytesMax: 4 * 1024 * 1024,
}

export const options: BackendOptions = {
  era: "auto",
  isolation: "shared",
  timeoutMs: 10_000,
  concurrencyMax: 64,
  queueMax: 1_024,
  answerBytesMax: 1024 * 1024,
}

export const http = (url: string, more: Partial<HttpAddress> = {}): HttpAddress => ({
  kind: "http",
  url,
  headers: new Map(),
  process: undefined,
  options,
  ...more,
})

/** What a child needs to find its modules compiled. */
export const compiled: ReadonlyMap<string, string> = new Map(
  ["NODE_COMPILE_CACHE"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  }),
)

/** A child that runs a script with the Node that runs the test. */
export const stdio = (args: readonly string[], more: Partial<StdioAddress> = {}): StdioAddress => ({
  kind: "stdio",
  process: { command: process.execPath, args, env: compiled, cwd: undefined },
  options,
  ...more,
})

export interface LoggedEvent {
  readonly level: string
  readonly event: string
  readonly fields: LogFields
}

/** A call of a tool, but for its name. */
type CallOptions = Partial<BackendRequest> & { readonly arguments?: JsonObject }

/** A pool with its log, closed when the test is over. */
export interface World {
  readonly backends: BackendPool
  readonly events: LoggedEvent[]
  call(name: string, more?: CallOptions, server?: CatalogServer): Promise<BackendReply>
  follow(topic: Topic, eagerness?: Eagerness): Listener
}

/** A follower, and what it has heard. */
export interface Listener {
  readonly heard: News[]
  agreed(): Promise<boolean>
  end(): void
}

/** One server, `it@1`, at `address`. */
export function open(address: Address, more: Partial<BackendPoolOptions> = {}): World {
  const events: LoggedEvent[] = []
  const backends = createBackends({
    log: (level, event, fields) => events.push({ level, event, fields }),
    identity: { name: "postern", version: "0.0.1" },
    ...more,
    limits: { ...limits, ...more.limits },
  })
  onTestFinished(() => backends.close())
  backends.route(new Map([["it@1", address]]))
  const call: World["call"] = (name, { arguments: args, ...request } = {}, server = it) =>
    backends.request(server, { ...toolCall(name, args), ...request })
  const follow: World["follow"] = (topic, eagerness = "connect") => {
    const heard: News[] = []
    const follower = { hear: (news: News) => void heard.push(news) }
    const following = backends.follow(it, { topic, follower, eagerness })
    return { heard, agreed: () => following.agreed, end: () => following.end() }
  }
  return { backends, events, call, follow }
}

const toolCall = (name: string, args: JsonObject | undefined): BackendRequest => ({
  method: "tools/call",
  subject: `the-${name}`,
  name,
  params: args === undefined ? { name } : { name, arguments: args },
  meta: undefined,
  cancellation: undefined,
  onNotification: undefined,
})

export const catalogServer = (
  name: string,
  provides: readonly Provision[] = [],
): CatalogServer => ({
  name,
  version: "1",
  entity: { name, version: "1", provides, extra: {} },
})

const it = catalogServer("it")

export const refusal = (reply: BackendReply) => {
  if (reply.kind !== "refusal") throw new Error(`expected a refusal: ${JSON.stringify(reply)}`)
  return reply.refusal
}

export const text = (reply: BackendReply): unknown => {
  if (reply.kind !== "result") throw new Error(`expected a result: ${JSON.stringify(reply)}`)
  const [block] = reply.result["content"] as { text?: string }[]
  return block?.text
}

/** Waits until `check` returns something true, and returns it. */
export async function until<T>(check: () => T | Promise<T>, what = String(check)): Promise<T> {
  const endMs = Date.now() + 20_000
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > endMs) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
