/*
 * The gateway as the client that the official suite tries: `conformance-driver-child.ts URL`, with the suite's server
 * at that URL. It starts the gateway of examples/conformance before the server and does through it, with the official
 * client, what each scenario waits for.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { isObject } from "../../src/schema/json.ts"
import { loadConfig } from "../../src/server/config/parse.ts"
import { createLog } from "../../src/server/log.ts"
import { startGateway } from "../../src/server/start.ts"
import { configWithCredentials } from "./conformance-credentials.ts"

const [url = ""] = process.argv.slice(2)
const {
  MCP_CONFORMANCE_CONTEXT: context,
  MCP_CONFORMANCE_PROTOCOL_VERSION: revision,
  MCP_CONFORMANCE_SCENARIO: scenario = "",
} = process.env

const folder = mkdtempSync(join(tmpdir(), "postern-driver-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
const config = scenario.startsWith("auth/")
  ? await configWithCredentials(url, context, folder)
  : "examples/conformance/postern.yaml"
const env = {
  POSTERN_PORT: "0",
  POSTERN_ADMIN_PORT: "0",
  POSTERN_AUDIT: join(folder, "audit.jsonl"),
  CONFORMANCE_SERVER: url,
  CONFORMANCE_INPUT: "warn", // one scenario sends a null that the server's own schema does not allow
}
const parsed = loadConfig(config, env)
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
const log = createLog(parsed.config.log)
const gateway = await startGateway(parsed.config, { version: "0", env, log, warnings: [] })
const client = await connect()
await Promise.all((await wantedCalls()).map(([name, args]) => call(name, args)))
await readContent()
await client.close()
await gateway.close()

async function connect(): Promise<Client> {
  const mode = revision === "2026-07-28" ? { pin: revision } : ("legacy" as const)
  const client = new Client(
    { name: "conformance-driver", version: "1.0.0" },
    { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } },
  )
  client.setRequestHandler("elicitation/create", ({ params }) => ({
    action: "accept" as const,
    content: defaultsOf("requestedSchema" in params ? params.requestedSchema : {}),
  }))
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url)))
  return client
}

/** Those that the scenario prescribes; otherwise one of each tool there is. */
async function wantedCalls(): Promise<
  readonly (readonly [name: string, args: Record<string, unknown>])[]
> {
  const { tools } = await client.listTools()
  const prescribed: unknown = JSON.parse(context ?? "{}")
  if (isObject(prescribed) && Array.isArray(prescribed["toolCalls"]))
    return prescribed["toolCalls"].map(({ name, arguments: args }) => [name, args])
  const [first] = tools
  const special = { a: 2, b: 3, schema: first?.inputSchema }
  return tools.map(({ name, inputSchema }) => [name, samplesOf(inputSchema, special)])
}

/** A scenario looks at what is sent, and some of its servers answer with errors. */
async function call(name: string, args: Record<string, unknown>): Promise<void> {
  await client.callTool({ name, arguments: args }).catch(complain)
}

async function readContent(): Promise<void> {
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

function complain(error: unknown): void {
  process.stderr.write(`${String(error)}\n`)
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
