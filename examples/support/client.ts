// The official MCP client, in whichever era the gateway speaks, under the name that a trusted hop would give it.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"

export async function connectAs(url: URL, name: string, version: string): Promise<Client> {
  const client = new Client({ name, version }, { versionNegotiation: { mode: "auto" } })
  const headers = { "x-agent-name": name, "x-agent-version": version }
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  return client
}
