import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { describe, expect, test } from "vitest"
import { startGateway } from "../support/e2e-gateway.ts"
import { serveLeaking } from "../support/leaking-server.ts"

const secret = "sk-0123456789abcdefghijklmnop"
const info = { name: "test", version: "1" }
const headers = { "x-agent-name": "a", "x-agent-version": "1.0.0" }

/** Every byte that the client is sent. */
function wiretap() {
  const heard: string[] = []
  const listen = async ({ body }: Response) => {
    const words = body?.pipeThrough(new TextDecoderStream()) ?? []
    for await (const part of words) heard.push(part)
  }
  const tapped: typeof fetch = async (...request) => {
    const response = await fetch(...request)
    listen(response.clone()).catch(() => undefined) // the client has hung up
    return response
  }
  return { tapped, heard: () => heard.join("") }
}

interface Tapped {
  readonly client: Pick<Client, "callTool" | "readResource" | "getPrompt" | "close">
  /** What it was asked. */
  readonly asked: string[]
  heard(): string
}

async function legacyClient(url: string): Promise<Tapped> {
  const { tapped, heard } = wiretap()
  const asked: string[] = []
  const client = new Client(info, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message)
    return { action: "accept", content: { by: "ann" } }
  })
  const options = { requestInit: { headers }, fetch: tapped }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options))
  return { client, asked, heard }
}

async function modernClient(url: string): Promise<Tapped> {
  const { tapped, heard } = wiretap()
  const asked: string[] = []
  const client = new ModernClient(info, {
    capabilities: { elicitation: { form: {} } },
    versionNegotiation: { mode: { pin: "2026-07-28" } },
  })
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push(params.message)
    return { action: "accept", content: { by: "ann" } }
  })
  const options = { requestInit: { headers }, fetch: tapped }
  await client.connect(new ModernTransport(new URL(url), options))
  return { client: client as unknown as Tapped["client"], asked, heard }
}

describe.each([
  ["legacy", legacyClient],
  ["modern", modernClient],
] as const)("what a redaction takes out reaches no %s client", (_, connect) => {
  test("by any door: results, progress, logs, questions, resources, prompts and errors", async () => {
    const leaking = await serveLeaking(secret)
    await using gateway = await startGateway({
      registry: { tools: { leak: "leaky" }, agents: { a: ["leak"] } },
      servers: { "leaky:1.0.0": { url: leaking } },
      config: { results: { redact: [{ id: "secrets", detect: ["token"] }] } },
    })
    const { client, asked, heard } = await connect(gateway.url)
    const _meta = { progressToken: 7, "io.modelcontextprotocol/logLevel": "debug" }
    const called = await client.callTool({ name: "leak", arguments: {}, _meta })
    const left = "the key is [redacted]"
    expect(called["content"]).toEqual([{ type: "text", text: `${left}, ann` }])
    expect(asked).toEqual([left])
    const read = await client.readResource({ uri: "leak://r" })
    expect(read.contents).toMatchObject([{ uri: "leak://r", text: JSON.stringify({ said: left }) }])
    const prompt = await client.getPrompt({ name: "leak" })
    expect(prompt).toMatchObject({ description: left, messages: [{ content: { text: left } }] })
    await expect(client.readResource({ uri: "leak://broken" })).rejects.toThrow(left)
    await client.close()
    expect(heard()).not.toContain(secret)
    expect(heard()).toContain(`"message":"${left}"`)
    expect(heard()).toContain(`"data":{"deep":["${left}"],"[redacted]":1}`)
    const records = gateway.audit().filter(({ kind }) => kind === "call" || kind === "request")
    expect(
      records.filter(({ outcome }) => outcome !== undefined).map(({ warnings }) => warnings),
    ).toEqual(records.map(() => ["redacted: secrets"]))
  }, 60_000)
})
