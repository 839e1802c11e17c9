import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"

const server = { name: "tried", version: "1.0.0" }

/** A registry document with every tool that a server lists, in either era. */
export async function registryOf(url: URL): Promise<object> {
  const lists = await Promise.all([toolsOf(url, "legacy"), toolsOf(url, { pin: "2026-07-28" })])
  const tools = [...new Map(lists.flat().map((tool) => [tool.name, tool])).values()]
  if (tools.length === 0) throw new Error(`${url} lists no tools, in neither era`)
  return {
    schemaVersion: "2.0",
    schemas: [],
    servers: [{ ...server, provides: tools.map(({ name: tool }) => ({ tool, version: "1.0.0" })) }],
    tools: tools.map(({ name, description, inputSchema, outputSchema }) => ({
      name,
      version: "1.0.0",
      description: description ?? name,
      source: { server: server.name, serverVersion: server.version, tool: name },
      inputSchema,
      ...(outputSchema !== undefined && { outputSchema }),
    })),
    agents: [],
  }
}

/** Nothing where the server does not speak this era. */
async function toolsOf(url: URL, mode: "legacy" | { readonly pin: string }) {
  const client = new Client(
    { name: "registry-of", version: "1.0.0" },
    { versionNegotiation: { mode } },
  )
  try {
    await client.connect(new StreamableHTTPClientTransport(url))
    return (await client.listTools()).tools
  } catch {
    return []
  } finally {
    await client.close()
  }
}
