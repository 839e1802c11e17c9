import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { becomes, type Exit, type Running, type RunOptions, run, until } from "./e2e-process.ts"
import { type RegistrySketch, registryOf } from "./e2e-registry.ts"
import { type Answer, ask } from "./face-server.ts"

export interface Sketch extends Pick<RunOptions, "env" | "isFromSource"> {
  /** A sketch, or the text of the document as it is. */
  readonly registry: RegistrySketch | string
  /** The `servers` of the configuration. */
  readonly servers?: JsonObject
  /** Further sections of the configuration, which replace those that stand here. */
  readonly config?: JsonObject
  /** Instead of a folder of its own, which would be removed at the end. */
  readonly folder?: string
}

/** A temporary folder with a configuration and a registry. */
export interface World {
  readonly folder: string
  readonly configFile: string
  readonly registryFile: string
  readonly auditFile: string
  writeRegistry(registry: RegistrySketch | string): void
}

/** The real gateway in a world of its own, on free ports. */
export interface TestGateway extends World, AsyncDisposable {
  readonly running: Running
  readonly url: string
  readonly port: number
  readonly adminPort: number
  /** The lines of its log, parsed. */
  log(): readonly JsonObject[]
  /** The records of its audit, parsed. */
  audit(): readonly JsonObject[]
  /** A page of the admin listener. */
  admin(page: string): Promise<{ readonly status: number; readonly text: string }>
  status(): Promise<JsonObject>
  /** Ends it gracefully, if it still runs. */
  stop(): Promise<Exit>
}

export function makeWorld({ config, env: _, folder: given, registry, servers }: Sketch): World {
  const folder = given ?? mkdtempSync(join(tmpdir(), "postern-e2e-"))
  const world: World = {
    folder,
    configFile: join(folder, "postern.yaml"),
    registryFile: join(folder, "registry.json"),
    auditFile: join(folder, "audit.jsonl"),
    writeRegistry: (changed) => writeFileSync(world.registryFile, textOf(changed)),
  }
  world.writeRegistry(registry)
  const sections = {
    listen: { port: 0 },
    admin: { port: 0 },
    registry: { source: "file://./registry.json" },
    servers: servers ?? {},
    audit: { file: "./audit.jsonl" },
    ...config,
  }
  writeFileSync(world.configFile, JSON.stringify(sections, null, 2)) // which is YAML, too
  return world
}

export const textOf = (registry: RegistrySketch | string): string =>
  typeof registry === "string" ? registry : JSON.stringify(registryOf(registry), null, 2)

/** Starts the gateway and waits until it says that it is ready. Rejects with what it printed when it ends before. */
export async function startGateway(sketch: Sketch): Promise<TestGateway> {
  const world = makeWorld(sketch)
  const running = run(["serve", "--config", world.configFile], sketch)
  await Promise.race([
    running.exited.then(({ code }) => {
      throw new Error(`the gateway ended with ${code}: ${running.stderr()}`)
    }),
    becomes(() => /^ready on \S+$/m.test(running.stdout()), "ready", 60_000),
  ])
  const url = String(/^ready on (\S+)$/m.exec(running.stdout())?.[1])
  const adminPort = Number(/^ {2}admin\s+http:\S+:(\d+) /m.exec(running.stdout())?.[1])
  const admin = async (page: string) => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}${page}`)
    return { status: answer.status, text: await answer.text() }
  }
  const stop = () => {
    running.child.kill("SIGTERM")
    return running.exited
  }
  return {
    ...world,
    running,
    url,
    port: Number(new URL(url).port),
    adminPort,
    log: () => jsonLines(running.stderr()),
    audit: () => jsonLines(readFileSync(world.auditFile, "utf8")),
    admin,
    status: async () => JSON.parse((await admin("/status")).text),
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      if (sketch.folder === undefined) rmSync(world.folder, { recursive: true, force: true })
    },
  }
}

/** The lines of a text that are whole JSON objects. */
export const jsonLines = (text: string): JsonObject[] =>
  text
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))

/** One modern `tools/call`; its result, or a note of its error. */
export async function callTool(
  { port }: { readonly port: number },
  agent: string,
  name: string,
  args: JsonObject = {},
  headers: Record<string, string> = {},
): Promise<JsonObject> {
  return outcome(await ask(port, agent, "tools/call", { name, arguments: args }, headers))
}

/** The names of the tools that an agent is shown. */
export async function toolsOf(
  { port }: { readonly port: number },
  agent: string,
): Promise<readonly string[]> {
  const { tools } = outcome(await ask(port, agent, "tools/list"))
  if (!Array.isArray(tools)) throw new Error("no tools in the answer")
  return tools.filter(isObject).map(({ name }) => String(name))
}

/** What an HTTP answer holds: the result; or the error, with the HTTP status. */
function outcome({ status, text }: Answer): JsonObject {
  const body = JSON.parse(text)
  return body.result ?? { status, error: body.error }
}

/** The code of a refusal, whichever way it travelled; undefined for what is none. */
export function refusalOf(outcome: {
  readonly _meta?: unknown
  readonly error?: unknown
}): unknown {
  const { _meta, error } = outcome
  const carrier = isObject(error) ? error["data"] : _meta
  const refusal = isObject(carrier) ? carrier["dev.postern/refusal"] : undefined
  return isObject(refusal) ? refusal["code"] : undefined
}

/** Waits for an event in the log. */
export const logged = (
  gateway: Pick<TestGateway, "log">,
  event: string,
  test: (line: JsonObject) => boolean = () => true,
): Promise<JsonObject> =>
  until(() => {
    const found = gateway.log().find((line) => line["event"] === event && test(line))
    if (found === undefined) throw new Error(`no ${event} in the log`)
    return found
  })
