// A pipeline over two servers, seen from the agent that may call it and nothing of what is inside. Asserts what it prints.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { connectAs } from "../support/client.ts"
import { startGateway } from "../support/gateway.ts"

await using gateway = await startGateway("examples/research-pipeline/postern.yaml")
const writer = await connectAs(gateway.url, "writer", "1.0.0")

// 1. The agent sees one tool, and that it has an effect: one of its parts has.
const { tools } = await writer.listTools()
assert.deepEqual(
  tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint]),
  [["brief_topic", false]],
)
console.log("writer@1.0.0 sees\n  brief_topic (may change something)")

// 2. What is inside does not exist for it.
const refused = await writer
  .callTool({ name: "create_document", arguments: { title: "x", body: "" } })
  .then(
    () => "was allowed",
    (error: Error) => error.message,
  )
assert.match(refused, /Unknown tool: create_document/)
console.log(`\nwriter calls create_document\n  ✗ ${refused}`)

// 3. One call, three calls inside: the two that only read at the same time, the one with an effect after them.
const answer = await writer.callTool({ name: "brief_topic", arguments: { topic: "tide" } })
const { brief, sources, tides } = answer.structuredContent as {
  brief: number
  sources: string[]
  tides: string
}
assert.deepEqual({ brief, sources }, { brief: 5, sources: ["Tides", "Harbours"] })
assert.match(tides, /high 04:12/)
console.log(
  `\nwriter calls brief_topic { topic: "tide" }\n  ✓ stored as ${brief}, from ${sources.join(", ")} and the tide table`,
)
const run = answer._meta?.["dev.postern/run"] as { steps: { id: string; status: string }[] }
for (const { id, status } of run.steps) console.log(`    ${id.padEnd(5)}  ${status}`)
assert.deepEqual(
  run.steps.map(({ id, status }) => `${id} ${status}`),
  ["found ok", "tides ok", "store ok"],
)

// 4. Each of them is in the audit, with the caller that they were made for.
const lines = readFileSync(gateway.auditFile, "utf8").trim().split("\n")
const records = lines
  .map((line) => JSON.parse(line))
  .filter(({ kind }) => /^(call|step)$/.test(kind))
const told = records.map(({ kind, caller, target, decision, refusal }) => {
  return `${kind}  ${caller.name}@${caller.version}  ${target.name.padEnd(16)}  ${refusal ?? decision}`
})
assert.deepEqual(told.toSorted(), [
  "call  writer@1.0.0  brief_topic       allow",
  "call  writer@1.0.0  create_document   undeclared_dependency",
  "step  writer@1.0.0  create_document   allow",
  "step  writer@1.0.0  search_documents  allow",
  "step  writer@1.0.0  tide_table        allow",
])
console.log("\nthe audit")
for (const line of told.toSorted()) console.log(`  ${line}`)
await writer.close()
