// One search over three collections, one of which is away. Asserts what it prints.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { connectAs } from "../support/client.ts"
import { startGateway } from "../support/gateway.ts"

await using gateway = await startGateway("examples/federated-search/postern.yaml")
const librarian = await connectAs(gateway.url, "librarian", "1.0.0")

// 1. All three are asked at once; what two of them found is fused, and the report says what became of the third.
const query = "tide harbour"
const answer = await librarian.callTool({ name: "search_everywhere", arguments: { query: "tide" } })
const { results } = answer.structuredContent as { results: { title: string }[] }
assert.deepEqual(
  results.map(({ title }) => title),
  ["Tides", "Harbours"],
)
console.log('librarian calls search_everywhere { query: "tide" }')
console.log(`  ✓ ${results.map(({ title }) => title).join(", ")}`)
const targets = answer._meta?.["dev.postern/scatter"] as { id: string; status: string }[]
for (const { id, status } of targets) console.log(`    ${id.padEnd(7)}  ${status}`)
assert.deepEqual(
  targets.map(({ id, status }) => `${id} ${status}`),
  ["text ok", "ranked ok", "archive failed"],
)

// 2. A tool of several servers: the archive is away, so the library answers, and the audit says so.
const found = await librarian.callTool({ name: "search_text", arguments: { query } })
assert.equal(found.isError ?? false, false)
const last = JSON.parse(readFileSync(gateway.auditFile, "utf8").trim().split("\n").at(-1) ?? "{}")
assert.deepEqual(last.server, { name: "document-service", version: "1.2.0" })
assert.deepEqual(last.warnings, ["failed_over: archive@1.0.0 backend_unavailable"])
console.log(`\nlibrarian calls search_text { query: "${query}" }`)
console.log(`  ✓ from ${last.server.name}@${last.server.version}`)
for (const warning of last.warnings) console.log(`    ${warning}`)
await librarian.close()
