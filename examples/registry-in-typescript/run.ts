// A gateway whose registry is a program: registry.ts, beside this. Asserts what it prints.
import assert from "node:assert/strict"
import { connectAs } from "../support/client.ts"
import { startGateway } from "../support/gateway.ts"

await using gateway = await startGateway("examples/registry-in-typescript/postern.yaml")
const clerk = await connectAs(gateway.url, "clerk", "1.0.0")
const call = async (name: string, given: Record<string, unknown>) =>
  (await clerk.callTool({ name, arguments: given })).structuredContent

// 1. What the program lists for clerk, and no more: create_document and delete_document are there for compositions.
const { tools } = await clerk.listTools()
const names = tools.map(({ name }) => name).toSorted()
assert.deepEqual(names, ["replace_document", "search_documents", "store_once"])
console.log(`clerk@1.0.0 sees\n  ${names.join("\n  ")}`)

// 2. The pipeline stores a document once: the second time, the first one is found.
const ropes = { title: "Anchors", body: "An anchor holds what the rope does not." }
const first = await call("store_once", ropes)
assert.deepEqual(first, { id: 5, alike: [] })
const second = await call("store_once", ropes)
assert.deepEqual(second, { alike: ["Anchors"] })
console.log("\nclerk calls store_once, twice")
console.log(`  ✓ ${JSON.stringify(first)}\n  ✓ ${JSON.stringify(second)}`)

// 3. The saga stores the new document and deletes the old one. Under the same name it is not done again.
const replacing = { request: "r-1", old: 5, title: "Anchors", body: "An anchor holds the ship." }
const replaced = await call("replace_document", replacing)
assert.deepEqual(replaced, { id: 6 })
assert.deepEqual(await call("replace_document", replacing), replaced)
const { documents } = (await call("search_documents", { query: "anchor" })) as {
  documents: { id: number }[]
}
assert.deepEqual(
  documents.map(({ id }) => id),
  [6],
)
console.log("\nclerk calls replace_document, twice under one name")
console.log(`  ✓ ${JSON.stringify(replaced)}; document 5 is gone, and there is one of id 6`)
await clerk.close()
