import type { JsonObject } from "../../schema/json.ts"
import { selects } from "../model.ts"
import { spec } from "./pattern-shapes.ts"
import { anything, choice, entity, flag, list, ref, text } from "./shapes.ts"

const common: JsonObject = {
  name: ref("name"),
  version: ref("version"),
  description: text("What it is, for people and models"),
  metadata: { type: "object", description: "Carried verbatim, never interpreted" },
  deprecated: flag("Still served; its users are warned"),
  deprecationMessage: text("What to use instead"),
}

const dependency = entity(
  "A tool, or a skill of an agent, at an exact version",
  {
    type: choice(["tool", "agent"], "What is depended on"),
    name: ref("name"),
    version: ref("version"),
    skill: text("The skill, for agents"),
  },
  ["type", "name"],
)

const source: JsonObject = {
  ...entity("A tool of a server, perhaps under another name", {
    server: ref("name"),
    serverVersion: ref("version"),
    servers: list(
      entity(
        "A server that provides the tool",
        {
          server: ref("name"),
          serverVersion: ref("version"),
          tool: text("Its name on this server, where it is another"),
          when: anything("The calls that it takes: CEL about input, or a predicate"),
        },
        ["server"],
      ),
      "Instead of server: several that provide the same tool",
      { minItems: 1, maxItems: 16 },
    ),
    select: choice(selects, "Which of the servers: the first that can be had, or each in turn"),
    tool: text("Its name on the server"),
    defaults: {
      type: "object",
      description:
        "Arguments added to the call; ${NAME} is taken from the environment, ${caller.…} from the caller",
    },
    hideFields: list({ type: "string" }, "Arguments callers neither see nor set"),
    idempotency: {
      type: "object",
      description: "How it takes a key for calls that may come twice: argument, header or meta",
    },
  }),
  required: ["tool"],
  oneOf: [{ required: ["server"] }, { required: ["servers"] }],
}

const annotations: JsonObject = {
  type: "object",
  description: "MCP tool annotations; a composition's are derived where they are not written",
  properties: {
    title: text("A name for people"),
    readOnlyHint: flag("It changes nothing"),
    destructiveHint: flag("It may destroy something; true where nothing is said"),
    idempotentHint: flag("Calling it again changes nothing more"),
    openWorldHint: flag("It reaches an open world, such as the web; true where nothing is said"),
  },
}

const execution: JsonObject = {
  type: "object",
  description: "How a tool of a server runs (MCP 2025-11-25), shown to legacy callers",
  properties: {
    taskSupport: choice(
      ["forbidden", "optional", "required"],
      "Whether the tool may, or must, be called as a task",
    ),
  },
}

const icons: JsonObject = list(
  {
    type: "object",
    properties: {
      src: text("Where it is: https:, http: or data:image/"),
      mimeType: text("For example image/svg+xml"),
      sizes: list({ type: "string" }, "For example 48x48, or any"),
      theme: choice(["light", "dark"], "The background that it is for"),
    },
    required: ["src"],
  },
  "Shown to callers (MCP Icon)",
)

const tool = entity(
  "A tool as agents see it: one of a server (`source`), or a composition (`spec`)",
  {
    ...common,
    title: text("A name for people"),
    annotations,
    execution,
    icons,
    tags: list({ type: "string" }, "For discovery and capability routing"),
    source,
    spec: ref("spec"),
    depends: list(ref("dependency"), "What a composition may call; [] is nothing"),
    inputSchema: ref("jsonSchema"),
    outputSchema: ref("jsonSchema"),
    outputTransform: entity("Applied to the result", { mappings: ref("mappings") }, ["mappings"]),
  },
  ["name"],
)

const server = entity(
  "An MCP server version and the tools it provides; where it lives is configuration",
  {
    ...common,
    provides: list(
      entity(
        "A tool of the server",
        {
          tool: text("Its name on the server"),
          version: ref("version"),
          inputSchema: ref("jsonSchema"),
          outputSchema: ref("jsonSchema"),
          title: text("Shown where a tool has none of its own"),
          description: text("Shown where a tool has none of its own"),
          annotations,
          execution,
          icons,
        },
        ["tool"],
      ),
      "The tools this version provides",
    ),
  },
  ["name"],
)

const agent: JsonObject = {
  type: "object",
  description: "An A2A agent card; what the agent may call stands in its SBOM extension",
  properties: {
    ...common,
    url: text("Where the agent answers"),
    skills: list({ type: "object" }, "What it offers"),
    capabilities: {
      type: "object",
      description: "What the agent can do (A2A); the SBOM is one of its extensions",
      properties: {
        extensions: list(
          {
            type: "object",
            properties: {
              uri: text("urn:agentgateway:sbom for the SBOM"),
              params: {
                type: "object",
                description: "Of the SBOM: what the agent depends on",
                properties: { depends: list(ref("dependency"), "All that the agent may call") },
              },
            },
            required: ["uri"],
          },
          "A2A extensions",
        ),
      },
    },
  },
  required: ["name"],
}

/**
 * The JSON Schema of the canonical registry document, for editors: `postern schema registry`. It describes shapes;
 * `postern validate` also resolves references and reads the other dialects.
 */
export const registrySchema: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Postern registry document, version 2",
  ...entity(
    "Schemas, servers, tools and agents, each at exact versions",
    {
      schemaVersion: { enum: ["2.0", "2"], description: "The format's version" },
      description: text("For people"),
      metadata: { type: "object", description: "Carried verbatim" },
      unknownCallerPolicy: choice(
        ["allowAll", "denyAll", "allowUnregistered"],
        "May only tighten the configuration",
      ),
      schemas: list(
        entity(
          "A reusable JSON Schema, referred to as #Name:Version",
          { ...common, schema: ref("jsonSchema") },
          ["name", "schema"],
        ),
        "Reusable JSON Schemas",
      ),
      servers: list(server, "MCP servers"),
      tools: list(tool, "Tools and compositions"),
      agents: list(agent, "Agents and what they depend on"),
    },
    ["schemaVersion"],
  ),
  $defs: {
    name: {
      type: "string",
      pattern: "^([A-Za-z0-9_.-]+/)?[A-Za-z0-9_.-]{1,128}$",
      description: "Case-sensitive",
    },
    version: {
      type: "string",
      // No alias, and no x among the numbers; what else is a range has characters that no version has.
      pattern:
        "^(?!(?:latest|stable|current|newest|next|any)$)(?!(?:\\d+\\.){0,2}[xX](?:\\.|$))[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}$",
      description: "Exact: no ranges, no *, no latest",
    },
    jsonSchema: {
      type: ["object", "boolean"],
      description: 'JSON Schema 2020-12, or { "$ref": "#Name:Version" }',
    },
    path: { type: "string", description: "A JSONPath (RFC 9535), such as $.items[0].id" },
    toolName: { type: "string", description: "A registered tool" },
    dependency,
    spec,
    operation: {
      description: "A registered tool, an agent's skill, or a nested pattern",
      type: ["object"],
      properties: {
        tool: anything('"name" or { "name": …, "version": … }'),
        agent: entity(
          "An agent's skill",
          { name: ref("name"), version: ref("version"), skill: text("The skill") },
          ["name"],
        ),
        pattern: ref("spec"),
      },
    },
    binding: {
      type: "object",
      description:
        "Where a value comes from: path, reference, constant, construct, coalesce, expr, list, item, …",
    },
    predicate: entity(
      "A condition on one field",
      {
        field: ref("path"),
        op: choice(["eq", "ne", "gt", "gte", "lt", "lte", "contains", "in"], "The comparison"),
        value: anything("What to compare with"),
      },
      ["field", "op"],
    ),
    mappings: {
      type: "object",
      description: "Output field to source: path, literal, coalesce, template, concat, nested",
      additionalProperties: { type: "object" },
    },
  },
}
