import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import languageService from "vscode-json-languageservice"
import { isObject, type Json } from "../../src/schema/json.ts"
import { project } from "../support/e2e-process.ts"
import { type LanguageServer, startYamlServer } from "../support/language-server.ts"

const schemas = {
  registry: join(project, "config/registry.schema.json"),
  config: join(project, "config/postern.schema.json"),
}

/** What stands at the mark. */
const split = (marked: string) => {
  const at = marked.indexOf("▮")
  const text = marked.replace("▮", "")
  const before = text.slice(0, at).split("\n")
  return { text, at: { line: before.length - 1, character: before.at(-1)?.length ?? 0 } }
}

describe("the registry in VS Code, by its own service for JSON", () => {
  const { getLanguageService, TextDocument } = languageService
  const service = getLanguageService({})
  service.configure({
    schemas: [
      {
        uri: pathToFileURL(schemas.registry).href,
        fileMatch: ["registry.json"],
        schema: JSON.parse(readFileSync(schemas.registry, "utf8")),
      },
    ],
  })
  const open = (marked: string) => {
    const { text, at } = split(marked)
    const document = TextDocument.create("file:///registry.json", "json", 1, text)
    return { document, at, parsed: service.parseJSONDocument(document) }
  }

  test("completes members of a tool, with their descriptions", async () => {
    const { document, at, parsed } = open(
      '{ "schemaVersion": "2.0", "tools": [{ "name": "a", "▮": {} }] }',
    )
    const { items = [] } = (await service.doComplete(document, at, parsed)) ?? {}
    expect(items.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["version", "source", "spec", "depends", "inputSchema"]),
    )
    expect(items.filter(({ documentation }) => documentation === undefined)).toEqual([])
  })

  test("completes the patterns of a composition and the steps inside", async () => {
    const { document, at, parsed } = open(
      '{ "tools": [{ "name": "a", "spec": { "saga": { "steps": [{ "id": "x", "▮": 1 }] } } }] }',
    )
    const { items = [] } = (await service.doComplete(document, at, parsed)) ?? {}
    expect(items.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["action", "compensate", "pivot", "onUnknown"]),
    )
  })

  test("explains what the pointer is on, and marks what is misspelt", async () => {
    const { document, at, parsed } = open(
      '{ "schemaVersion": "2.0", "tools": [{ "name": "a", "dep▮ends": [], "spek": {} }] }',
    )
    const hover = await service.doHover(document, at, parsed)
    expect(JSON.stringify(hover?.contents)).toContain("What a composition may call")
    const problems = await service.doValidation(document, parsed)
    expect(problems.map(({ message }) => message)).toEqual(["Property spek is not allowed."])
  })
})

describe("the configuration in an editor with the YAML language server", () => {
  let server: LanguageServer
  beforeAll(async () => {
    server = await startYamlServer()
  })
  afterAll(() => server.close())

  const firstLine = `# yaml-language-server: $schema=${pathToFileURL(schemas.config).href}`
  const at = (name: string, marked: string) => {
    const { text, at: position } = split(`${firstLine}\n${marked}`)
    const uri = pathToFileURL(join(project, "config", name)).href
    server.open(uri, text)
    return { textDocument: { uri }, position }
  }

  test("completes keys", async () => {
    const completed = await server.ask("textDocument/completion", at("a.yaml", "listen:\n  ▮\n"))
    expect(labels(completed)).toEqual(expect.arrayContaining(["host", "port", "path"]))
  })

  test("explains what the pointer is on", async () => {
    const marked = "registry: { sour▮ce: file://./registry.json }\n"
    const hover = await server.ask("textDocument/hover", at("b.yaml", marked))
    expect(JSON.stringify(hover)).toContain("The registry document, as file://./registry.json")
  })
})

const labels = (completed: Json): Json[] => {
  const items = isObject(completed) ? completed["items"] : completed
  return Array.isArray(items)
    ? items.map((item) => (isObject(item) ? (item["label"] ?? null) : null))
    : []
}

describe.each(Object.entries(schemas))("the published schema of the %s", (_, file) => {
  test("says of every member what it is", () => {
    const schema: unknown = JSON.parse(readFileSync(file, "utf8"))
    expect([...silent(schema, schema, "")]).toEqual([])
  })
})

/** Pointers of members without a description, their own or that of the definition they refer to. */
function* silent(at: unknown, root: unknown, pointer: string): Generator<string> {
  if (Array.isArray(at))
    for (const [index, item] of at.entries()) yield* silent(item, root, `${pointer}/${index}`)
  if (!isObject(at)) return
  const members = at["properties"]
  if (isObject(members))
    for (const [name, schema] of Object.entries(members))
      if (!isDescribed(schema, root)) yield `${pointer}/properties/${name}`
  for (const [key, inner] of Object.entries(at)) yield* silent(inner, root, `${pointer}/${key}`)
}

function isDescribed(schema: unknown, root: unknown): boolean {
  if (!isObject(schema)) return false
  if (typeof schema["description"] === "string") return true
  const reference = schema["$ref"]
  if (typeof reference !== "string") return false
  const found = reference
    .split("/")
    .slice(1)
    .reduce((inner: unknown, key) => (isObject(inner) ? inner[key] : undefined), root)
  return isObject(found) && typeof found["description"] === "string"
}
