import { Visitor } from "../../mcp/backend/visit.ts"
import type { ConfigProblem } from "../../server/config/config.ts"
import { parseConfig } from "../../server/config/parse.ts"
import { addressOf } from "../../server/routes.ts"
import type { Io } from "../command.ts"
import { printableLine } from "../printable.ts"
import { version } from "../version.ts"
import { type Outcome, outcomeLines } from "./outcome.ts"

/** A server to ask, as the configuration names it. */
export interface Stop {
  readonly name: string
  readonly entry: object
}

export interface Journey {
  /** The configuration file: paths in entries are relative to its folder. */
  readonly file: string
  /** The environment, with what stood in files of clients. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly secrets: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const atOnce = 8
const patienceMs = 5_000

/** Asks all servers, some at once, and says of each how it went as soon as that is known. In the order of `stops`. */
export async function visitAll(
  stops: readonly Stop[],
  journey: Journey,
  io: Io,
): Promise<readonly Outcome[]> {
  const { secrets, signal, timeoutMs } = journey
  const identity = { name: "postern", version: version() }
  const visitor = new Visitor({ identity, timeoutMs, secrets })
  const width = Math.min(40, Math.max(0, ...stops.map(({ name }) => name.length)))
  const waiting = new Set<string>()
  const reminder = setInterval(() => {
    if (waiting.size > 0)
      io.err.write(`  … waiting for ${printableLine([...waiting].join(", "))}\n`)
  }, patienceMs)
  const visit = async (stop: Stop): Promise<Outcome> => {
    const startMs = performance.now()
    const resolved = resolveStop(stop, journey)
    waiting.add(stop.name)
    const outcome =
      typeof resolved === "string"
        ? ({ ok: false, wrong: resolved } as const)
        : await visitor.visit(resolved, signal)
    waiting.delete(stop.name)
    const seconds = (performance.now() - startMs) / 1_000
    for (const line of outcomeLines(stop.name.padEnd(width), outcome, seconds))
      io.err.write(`  ${printableLine(line)}\n`)
    return outcome
  }
  try {
    return await inTurn(stops, visit)
  } finally {
    clearInterval(reminder)
    await visitor.close()
  }
}

/** Some at once; the next begins when one ends. */
async function inTurn<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const open = [...items.entries()]
  const work = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift())
      results[next[0]] = await run(next[1])
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

/** The address of an entry, as a gateway would have it; or what keeps the gateway from that. */
function resolveStop({ entry, name }: Stop, { env, file }: Journey) {
  if (isForCallers(entry)) return "it is called with its callers' tokens, and import has none"
  const alone = { registry: { source: "file://./registry.json" }, servers: { [name]: entry } }
  const parsed = parseConfig(file, JSON.stringify(alone), env)
  if (!parsed.ok) return parsed.problems.map(wordsOf).join("; ")
  const [server] = parsed.config.servers
  return server === undefined ? "no server" : addressOf(server)
}

function isForCallers(entry: object): boolean {
  const { auth } = entry as { auth?: unknown } // whatever it is, it is looked at
  return typeof auth === "object" && auth !== null && "tokenExchange" in auth
}

function wordsOf({ path, message }: ConfigProblem): string {
  const so = message.endsWith("is not set in the environment") ? "; set it, and import again" : ""
  return `${path.split(".").slice(2).join(".") || "entry"}: ${message}${so}`
}
