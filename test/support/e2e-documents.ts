import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { project } from "./e2e-process.ts"
import { registryOf } from "./e2e-registry.ts"

/** A document that must not be served. */
export interface BadDocument {
  readonly name: string
  readonly bytes: string | Buffer
  /** The code of its errors. */
  readonly code: string
}

const sound = registryOf({
  tools: { echo: "web", other: "web" },
  agents: { a: ["echo"], b: ["other"] },
})
const text = JSON.stringify(sound, null, 2)

/** The sound document with a tool whose arguments this schema describes. */
const withSchema = (inputSchema: JsonObject): string =>
  JSON.stringify(
    registryOf({
      tools: { echo: "web", hostile: { server: "web", inputSchema } },
      agents: { a: ["echo", "hostile"] },
    }),
  )

const property = (schema: Json): JsonObject => ({ type: "object", properties: { p: schema } })

const withRange = (range: string): string =>
  JSON.stringify({
    ...sound,
    agents: registryOf({ tools: { echo: "web" }, agents: { a: ["echo"] } })["agents"],
  }).replace(/("type":"tool","name":"echo","version":")1\.0\.0"/, `$1${range}"`)

const list = (key: string): readonly Json[] => sound[key] as readonly Json[] // registryOf writes lists

const twice = (key: string): string =>
  JSON.stringify({ ...sound, [key]: [...list(key), ...list(key)] })

/** Two agents that call each other's only skill. */
const circleOfAgents = (): string =>
  JSON.stringify({
    ...sound,
    agents: registryOf({ tools: {}, agents: { a: ["b"], b: ["a"] } })["agents"],
  })
    .replaceAll('"type":"tool"', '"skill":"s","type":"agent"')
    .replaceAll('"skills":[]', '"skills":[{"id":"s","name":"S","description":"s","tags":[]}]')

const pipeline = (name: string, calls: string): JsonObject => ({
  name,
  version: "1.0.0",
  description: `calls ${calls}`,
  inputSchema: { type: "object" },
  spec: { pipeline: { steps: [{ id: "s", operation: { tool: { name: calls } } }] } },
})

/** Objects in which each member refers twice to the next: small to write, 2^30 to walk. */
const doubling: JsonObject = {
  type: "object",
  $defs: Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [
      `d${n}`,
      { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ]).concat([["d30", { type: "object" }]] as never),
  ),
  allOf: [{ $ref: "#/$defs/d0" }],
}

const nested = (depth: number): string => `${'{"items":'.repeat(depth)}{}${"}".repeat(depth)}`

const flagship = readFileSync(join(project, "test/fixtures/registries/flagship.json"), "utf8")

/**
 * Every kind of registry document that an attacker, a typing error or half a copy can make. Two that cannot be read for
 * the same reason do not follow each other: as a reload that is one refusal.
 */
export const badDocuments: readonly BadDocument[] = [
  { name: "empty", bytes: "", code: "json_syntax" },
  { name: "blank", bytes: " \n\t\n", code: "json_syntax" },
  { name: "null", bytes: "null", code: "document_not_object" },
  { name: "a list", bytes: "[]", code: "document_not_object" },
  { name: "an error", bytes: '{"error":"internal"}', code: "document_not_registry" },
  {
    name: "50 MB",
    bytes: text.replace('"the tool echo"', `"${"x".repeat(50_000_000)}"`),
    code: "document_too_large",
  },
  { name: "truncated", bytes: flagship.slice(0, flagship.length / 2), code: "json_syntax" },
  { name: "followed by more", bytes: `${text}\n{}`, code: "json_syntax" },
  {
    name: "not UTF-8",
    bytes: Buffer.from(text.replace("the agent a", "caf\u00e9"), "latin1"),
    code: "document_unreadable",
  },
  {
    name: "a duplicate key",
    bytes: text.replace('"schemas": [],', '"schemas": [], "schemas": [],'),
    code: "json_duplicate_key",
  },
  { name: "duplicate tools", bytes: twice("tools"), code: "duplicate_entity" },
  { name: "duplicate agents", bytes: twice("agents"), code: "duplicate_entity" },
  { name: "duplicate servers", bytes: twice("servers"), code: "duplicate_entity" },
  { name: "binary", bytes: Buffer.from([0, 1, 2, 3, 255, 254, 0]), code: "document_unreadable" },
  { name: "deep nesting", bytes: "[".repeat(200_000), code: "document_too_deep" },
  {
    name: "deep nesting in a schema",
    bytes: withSchema({ type: "object", properties: { p: { "%": 1 } } }).replace(
      '{"%":1}',
      nested(5_000),
    ),
    code: "document_too_deep",
  },
  {
    name: "agents in a circle",
    bytes: circleOfAgents(),
    code: "circular_dependency",
  },
  {
    name: "compositions in a circle",
    bytes: JSON.stringify({
      ...sound,
      tools: [...list("tools"), pipeline("ping", "pong"), pipeline("pong", "ping")],
    }),
    code: "circular_dependency",
  },
  { name: "a caret range", bytes: withRange("^1.0.0"), code: "version_range" },
  { name: "a star for a version", bytes: withRange("*"), code: "version_range" },
  { name: "latest for a version", bytes: withRange("latest"), code: "version_range" },
  {
    name: "a key __proto__",
    bytes: text.replace('"schemas": [],', '"schemas": [], "__proto__": {"tools": []},'),
    code: "unknown_field",
  },
  {
    name: "a tool __proto__ nobody registered",
    bytes: JSON.stringify(sound).replace(
      '"type":"tool","name":"echo"',
      '"type":"tool","name":"__proto__"',
    ),
    code: "tool_not_found",
  },
  { name: "a schema that doubles", bytes: withSchema(doubling), code: "schema_too_complex" },
  {
    name: "a schema that is itself",
    bytes: withSchema({ type: "object", $ref: "#" }),
    code: "schema_ref_loop",
  },
  {
    name: "a schema from elsewhere",
    bytes: withSchema(property({ $ref: "https://evil.example/schema.json" })),
    code: "ref_external",
  },
  {
    name: "a schema of a file",
    bytes: withSchema(property({ $ref: "file:///etc/passwd" })),
    code: "ref_external",
  },
  {
    name: "a schema that is none",
    bytes: withSchema(property({ type: "strnig" })),
    code: "schema_invalid",
  },
  {
    name: "arguments that are no object",
    bytes: withSchema({ type: "string" }),
    code: "input_schema_not_object",
  },
]
