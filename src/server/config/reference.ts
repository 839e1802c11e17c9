import { limitNames, limitTable } from "../limits.ts"
import { configSchema, type Schema } from "./json-schema.ts"
import { printDuration, printSize } from "./scalars.ts"

/** docs/reference/configuration.md, whole, from the schema that reads the file; a test holds the page to it. */
export function configReference(): string {
  const { properties = {}, required = [] } = configSchema()
  const sections = Object.entries(properties).map(([key, schema]) =>
    key === "limits" ? limitsSection : section(key, schema, required.includes(key)),
  )
  return `${intro}\n${sections.join("\n")}`
}

/** docs/reference/limits.md, whole, from the table that every limit is read from. */
export function limitsReference(): string {
  const rows = limitNames.map((name) => {
    const { unit, default: usual, min, max, says } = limitTable[name]
    const print = (value: number) => (value === 0 ? "0" : printers[unit](value))
    return `| \`${name}\` | ${print(usual)} | ${print(min)} to ${print(max)} | ${says} |\n`
  })
  return `${limitsIntro}\n| key | default | range | what it limits |\n|---|---|---|---|\n${rows.join("")}`
}

const printers = { milliseconds: printDuration, bytes: printSize, count: String }

/** One key of the file. */
interface Row {
  readonly path: string
  readonly schema: Schema
  readonly isRequired: boolean
}

function section(key: string, written: unknown, isRequired: boolean): string {
  const [schema = {}] = alternatives(written)
  const { description = "" } = isSchema(written) ? written : {}
  const below = [...rows(schema, placeHolder(key))]
  const isMapping = below.length > 0
  const table = (isMapping ? below : [{ path: key, schema, isRequired }]).map(line)
  const about = isMapping ? `\n${description}${isRequired ? " Required." : ""}\n` : ""
  return `## ${key}\n${about}\n| key | value | default | meaning |\n|---|---|---|---|\n${table.join("")}`
}

/** `servers` is a mapping by the reader's own keys: the page writes one such key. Others are lists of mappings. */
const placeHolder = (key: string) => placeHolders.get(key) ?? ""
const placeHolders = new Map([
  ["servers", "NAME:VERSION"],
  ["rateLimits", "[]"],
  ["rules", "[]"],
])

function* rows(schema: Schema, path: string): Generator<Row> {
  const { properties, required = [] } = schema
  if (properties === undefined) {
    yield* rowsOfEach(schema, path)
    return
  }
  for (const [key, member] of Object.entries(properties)) {
    const at = path === "" ? key : `${path}.${key}`
    const [whole = {}] = alternatives(member)
    const below = [...rows(whole, at)]
    if (below.length > 0 && !isSmall(whole)) {
      yield* otherwise(member, at)
      yield* below
    } else if (isSchema(member))
      yield { path: at, schema: member, isRequired: required.includes(key) }
  }
}

/** What may be written in the place of a mapping. */
function* otherwise(member: unknown, path: string): Generator<Row> {
  const anyOf = isSchema(member) ? member.anyOf : undefined
  const others = (anyOf ?? []).filter((one) => isSchema(one) && one.properties === undefined)
  if (isSchema(member) && others.length > 0)
    yield { path, schema: { ...member, anyOf: others }, isRequired: false }
}

/** Of a mapping by keys of the reader's own, and of a list of mappings. */
function* rowsOfEach({ additionalProperties, items }: Schema, path: string): Generator<Row> {
  const [each] = alternatives(additionalProperties ?? items)
  if (each?.properties === undefined || isSmall(each)) return
  const isNamed = items === undefined || path === "[]"
  yield* rows(each, isNamed ? path : `${path}[]`)
}

/** Sets of keys (RFC 7517) are described in one row: their members are not ours. */
const isSmall = ({ properties: { keys } = {} }: Schema) => isSchema(keys) && keys.type === "array"

function line({ path, schema, isRequired }: Row): string {
  const { description = "", default: usual } = schema
  const shown = usual === undefined ? (isRequired ? "required" : "–") : `\`${printed(usual)}\``
  return `| \`${path}\` | ${either(typesOf(schema))} | ${shown} | ${cell(description)} |\n`
}

/** `a`, `b` or `c`. */
function either(words: readonly string[]): string {
  const [last = "", ...others] = [...new Set(words)].reverse()
  return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`
}

const printed = (value: unknown) => cell(typeof value === "string" ? value : JSON.stringify(value))
const cell = (text: string) => text.replaceAll("|", "\\|")

function typesOf(schema: unknown): string[] {
  return alternatives(schema).flatMap(typesOfOne)
}

function typesOfOne(schema: Schema): string[] {
  const { anyOf, const: word, items, pattern = "", type, writeOnly } = schema
  const words = word === undefined ? schema.enum : [word]
  if (anyOf !== undefined) return anyOf.flatMap(typesOf)
  if (words !== undefined) return canonical(words).map((word) => `\`${word}\``)
  if (writeOnly === true) return ["secret"]
  if (type === "array") return [`list of ${either(typesOf(items))}`]
  if (pattern.includes("ms|s|m")) return ["duration"]
  if (pattern.includes("KiB")) return ["size"]
  if (pattern === "^file:") return ["`file:…`"]
  return [typeNames.get(String(type)) ?? "text"]
}

const typeNames = new Map([
  ["object", "mapping"],
  ["integer", "number"],
  ["number", "number"],
  ["boolean", "true or false"],
])

/** Levels have further spellings, which the introduction tells of. */
const canonical = (words: readonly unknown[]) =>
  words.includes("enforce") ? words.filter((word) => levels.has(word)) : words
const levels = new Set<unknown>(["deny", "warn", "allow"])

/** The schema and, of a union, the first that is a mapping or else all of them. */
function alternatives(schema: unknown): Schema[] {
  if (!isSchema(schema)) return []
  const mapping = schema.anyOf?.filter(isSchema).find(({ properties }) => properties !== undefined)
  return mapping === undefined || isSmall(mapping) ? [schema] : [mapping]
}

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null

const intro = `---
shape: reference
---
# Configuration

One YAML file. \`postern serve\` reads \`--config FILE\`, else \`POSTERN_CONFIG\`, else \`postern.yaml\`, else
\`config/postern.yaml\`. Begin it with \`# yaml-language-server: $schema=…/postern.schema.json\` and an editor completes it.

\`\`\`yaml
listen: { host: 127.0.0.1, port: 3000, path: /mcp }
registry: { source: file://./registry.json }
servers:
  document-service:1.2.0: { url: http://127.0.0.1:4101/mcp }
audit: { file: ./var/audit.jsonl }
\`\`\`

- \`\${NAME}\` and \`\${NAME:-default}\` are replaced inside values, never in keys.
- A **secret** is written \`"\${NAME}"\` or \`file:/run/secrets/name\`, never as itself.
- \`explain\`, \`graph\`, \`sbom export\` and \`audit\` start nothing: secrets, and what servers are given in \`env\`, \`args\`, \`headers\` and the query
  of \`url\`, need not be set for them, nor for \`runs\` while the gateway runs.
- Paths are relative to the folder of the file. Durations: \`500ms\`, \`30s\`, \`5m\`, \`12h\`, \`1d\`. Sizes: \`64KiB\`, \`4MiB\`.
- *required* within a mapping that may be left out: where that mapping is written.
- An unknown key is an error. Errors read \`file:line:column path — what is wrong\`, all at once, and nothing starts.
- Every permissive setting prints one warning at start; \`/status\` keeps them.
- The levels under \`validation.runtime\` may also be written \`error\` or \`enforce\` (deny) and \`ignore\` (allow).
`

const limitsSection = `## limits

Every limit has a key, a default and a range: [limits](limits.md).
`

const limitsIntro = `---
shape: reference
---
# Limits

Keys of \`limits:\` in the configuration. What goes over a limit is refused in words that name it where the caller can act on
that; see [limits and hostile input](../explanation/limits-and-hostile-input.md) for why they are what they are.
`
