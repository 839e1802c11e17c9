/*
 * The gateway as the client that the official suite tries. It is the gateway of examples/conformance, before the suite's
 * server; the official client does through it what each scenario waits for.
 */
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import * as z from "zod"
import { isObject } from "../../src/schema/json.ts"
import { loadConfig } from "../../src/server/config/parse.ts"
import { createLog } from "../../src/server/log.ts"
import { type Running, startGateway } from "../../src/server/start.ts"
import { configWithCredentials } from "./conformance-credentials.ts"

const Task = z.object({
  /** Of the suite's server. */
  url: z.string(),
  scenario: z.string(),
  revision: z.string(),
  context: z.string().optional(),
})
type Task = z.infer<typeof Task>

/** Where the suite's clients ask for what they are there for. */
export interface ConformanceDriver extends AsyncDisposable {
  /** The command of a client of the suite. */
  readonly command: string
}

/** Does what is `wanted` of the suite's clients; the others have nothing to do. One at a time: some scenarios look at the clock. */
export async function openDriver(wanted: (task: Task) => boolean): Promise<ConformanceDriver> {
  let last: Promise<string> = Promise.resolve("")
  const server = createServer(async (incoming, outgoing) => {
    const task = Task.parse(JSON.parse(await text(incoming)))
    if (!wanted(task)) return void outgoing.end()
    last = last.catch(() => "").then(() => drive(task))
    await last.then(
      (complaints) => outgoing.end(complaints),
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? address?.port : undefined
  const child = join(import.meta.dirname, "conformance-client-child.ts")
  return {
    command: `"${process.execPath}" ${child} ${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, "close")
    },
  }
}

/** Returns what its calls complained of: a scenario looks at what is sent, and some of its servers answer with errors. */
async function drive(task: Task): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "postern-driver-"))
  try {
    const gateway = await openGateway(task, folder)
    try {
      return await talk(gateway.url, task)
    } finally {
      await gateway.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function openGateway({ url, context, scenario }: Task, folder: string): Promise<Running> {
  const config = scenario.startsWith("auth/")
    ? await configWithCredentials(url, context, folder)
    : "examples/conformance/postern.yaml"
  const env = {
    POSTERN_PORT: "0",
    POSTERN_ADMIN_PORT: "0",
    POSTERN_AUDIT: join(folder, "audit.jsonl"),
    POSTERN_LOG: "error",
    CONFORMANCE_SERVER: url,
    CONFORMANCE_INPUT: "warn", // one scenario sends a null that the server's own schema does not allow
  }
  const parsed = loadConfig(config, env)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const log = createLog(parsed.config.log)
  return await startGateway(parsed.config, { version: "0", env, log, warnings: [] })
}

async function talk(gatewayUrl: string, task: Task): Promise<string> {
  const complaints: string[] = []
  const complain = (error: unknown) => void complaints.push(`${error}\n`)
  const client = await connect(gatewayUrl, task)
  const calls = await wantedCalls(client, task)
  await Promise.all(
    calls.map(([name, args]) => client.callTool({ name, arguments: args }).catch(complain)),
  )
  await readContent(client, complain)
  await client.close()
  return complaints.join("")
}

async function connect(gatewayUrl: string, { revision }: Task): Promise<Client> {
  const mode = revision === "2026-07-28" ? { pin: revision } : ("legacy" as const)
  const client = new Client(
    { name: "conformance-driver", version: "1.0.0" },
    { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } },
  )
  client.setRequestHandler("elicitation/create", ({ params }) => ({
    action: "accept" as const,
    content: defaultsOf("requestedSchema" in params ? params.requestedSchema : {}),
  }))
  await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl)))
  return client
}

/** Those that the scenario prescribes; otherwise one of each tool there is. */
async function wantedCalls(
  client: Client,
  { context }: Task,
): Promise<readonly (readonly [name: string, args: Record<string, unknown>])[]> {
  const { tools } = await client.listTools()
  const prescribed: unknown = JSON.parse(context ?? "{}")
  if (isObject(prescribed) && Array.isArray(prescribed["toolCalls"]))
    return prescribed["toolCalls"].map(({ name, arguments: args }) => [name, args])
  const [first] = tools
  const special = { a: 2, b: 3, schema: first?.inputSchema }
  return tools.map(({ name, inputSchema }) => [name, samplesOf(inputSchema, special)])
}

async function readContent(client: Client, complain: (error: unknown) => void): Promise<void> {
  const capabilities = client.getServerCapabilities()
  if (capabilities?.resources !== undefined) {
    const { resources } = await client.listResources()
    for (const { uri } of resources) await client.readResource({ uri }).catch(complain)
  }
  if (capabilities?.prompts !== undefined) {
    const { prompts } = await client.listPrompts()
    for (const { name } of prompts) await client.getPrompt({ name }).catch(complain)
  }
}

function defaultsOf(schema: { readonly properties?: unknown }): Record<string, string> {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const defaults = Object.entries(properties).flatMap(([name, property]) =>
    isObject(property) && property["default"] !== undefined ? [[name, property["default"]]] : [],
  )
  return Object.fromEntries(defaults)
}

/** A value for each property: the special one of its name, or a text. */
function samplesOf(
  schema: { readonly properties?: unknown },
  special: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : []
  return Object.fromEntries(names.map((name) => [name, special[name] ?? "sample"]))
}
