// The README's first screen: two agents, one gateway, real MCP servers behind it. Asserts each line it prints.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { startGateway } from "../support/gateway.ts"

await using gateway = await startGateway()
const research = await connect("research-agent", "2.1.0")
const curator = await connect("curator-agent", "1.0.0")

// 1. Each agent sees the tools of its own SBOM, at the versions it depends on.
const seen = await Promise.all([tools(research), tools(curator)])
assert.deepEqual(seen, [
  ["list_files@1.0.0", "read_file@1.0.0", "search_documents@1.0.0"],
  ["create_document@1.0.0", "delete_document@1.0.0", "search_documents@2.0.0"],
])
console.log(`${"research-agent@2.1.0 sees".padEnd(30)}curator-agent@1.0.0 sees`)
for (const [row, left] of seen[0].entries()) {
  console.log(`  ${left.padEnd(28)}  ${seen[1][row]}`)
}

// 2. What an agent does not declare does not exist for it.
const refused = await research.callTool({ name: "delete_document", arguments: { id: 1 } }).then(
  () => "was allowed",
  (error: Error) => error.message,
)
assert.match(refused, /Unknown tool: delete_document/)
console.log(`\nresearch-agent calls delete_document { id: 1 }\n  ✗ ${refused}`)

// 3. A wrong argument is explained so that a model can repair its call.
const wrong = await research.callTool({
  name: "search_documents",
  arguments: { query: "tide", limit: "3" },
})
assert.equal(wrong.isError, true)
console.log('\nresearch-agent calls search_documents { query: "tide", limit: "3" }')
for (const line of text(wrong).split("\n")) console.log(`  ✗ ${line}`)

const repaired = await research.callTool({
  name: "search_documents",
  arguments: { query: "tide", limit: 3 },
})
const { documents } = repaired.structuredContent as { documents: { title: string }[] }
assert.deepEqual(
  documents.map(({ title }) => title),
  ["Tides", "Harbours"],
)
console.log('research-agent calls search_documents { query: "tide", limit: 3 }')
console.log(`  ✓ ${documents.map(({ title }) => title).join(", ")}`)

const file = await research.callTool({
  name: "read_file",
  arguments: { path: "harbour-rules.txt" },
})
assert.match(text(file), /What is not on the list does not come in/)
console.log(
  `research-agent calls read_file { path: "harbour-rules.txt" }\n  ✓ ${text(file).split("\n")[2]}`,
)

// 4. Every decision is in the audit, each line chained to the one before.
const calls = readFileSync(gateway.auditFile, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  .filter(({ kind }) => kind === "call")
assert.deepEqual(
  calls.map(({ decision, refusal }) => refusal ?? decision),
  ["undeclared_dependency", "invalid_input", "allow", "allow"],
)
console.log("\nthe audit")
for (const { caller, target, decision, refusal } of calls) {
  const who = `${caller.name}@${caller.version} (${caller.trust})`
  const what = `${target.name}${target.version === null ? "" : `@${target.version}`}`
  console.log(`  ${who}  ${what.padEnd(24)}  ${decision}${refusal === null ? "" : `: ${refusal}`}`)
}
await research.close()
await curator.close()

async function connect(name: string, version: string): Promise<Client> {
  const client = new Client({ name, version }, { versionNegotiation: { mode: "auto" } })
  const headers = { "x-agent-name": name, "x-agent-version": version }
  await client.connect(new StreamableHTTPClientTransport(gateway.url, { requestInit: { headers } }))
  return client
}

async function tools(client: Client): Promise<string[]> {
  const { tools } = await client.listTools()
  return tools.map((tool) => {
    const meta = tool._meta?.["dev.postern/tool"] as { version: string }
    return `${tool.name}@${meta.version}`
  })
}

function text(result: { content?: unknown }): string {
  const [block] = result.content as { text: string }[]
  return block?.text ?? ""
}
