import type { JsonObject } from "../../../../src/schema/json.ts"
import { moreToolSchemas } from "./more-tools.ts"

/**
 * Schemas such as the tools of MCP servers have: what they ask for and what they promise, as people and generators
 * write them.
 */
const text = { type: "string" }
const flag = { type: "boolean" }
const page = {
  page: { type: "integer", minimum: 1, default: 1 },
  perPage: { type: "integer", minimum: 1, maximum: 100, default: 30 },
}
const repository = {
  owner: { type: "string", description: "Account that owns the repository" },
  repo: { type: "string", minLength: 1, maxLength: 100, pattern: "^[A-Za-z0-9_.-]+$" },
}

export const toolSchemas: Readonly<Record<string, JsonObject>> = {
  search: {
    type: "object",
    properties: { query: { type: "string", minLength: 1, maxLength: 256 }, ...page },
    required: ["query"],
    additionalProperties: false,
  },
  searchResult: {
    type: "object",
    properties: {
      total: { type: "integer", minimum: 0 },
      hits: {
        type: "array",
        items: {
          type: "object",
          properties: {
            id: { type: "string", format: "uuid" },
            score: { type: "number", minimum: 0, maximum: 1 },
            title: text,
            highlights: { type: "array", items: text, maxItems: 5 },
          },
          required: ["id", "score"],
        },
      },
    },
    required: ["total", "hits"],
  },
  createIssue: {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: {
      ...repository,
      title: { type: "string", minLength: 1, maxLength: 256 },
      body: { type: ["string", "null"] },
      labels: { type: "array", items: { type: "string", minLength: 1 }, uniqueItems: true },
      assignees: { type: "array", items: text, maxItems: 10 },
      milestone: { type: "integer", exclusiveMinimum: 0 },
    },
    required: ["owner", "repo", "title"],
    additionalProperties: false,
  },
  listCommits: {
    type: "object",
    properties: {
      ...repository,
      ...page,
      since: { type: "string", format: "date-time" },
      until: { type: "string", format: "date-time" },
      sha: { type: "string", pattern: "^[0-9a-f]{7,40}$" },
      order: { enum: ["asc", "desc"] },
    },
    required: ["owner", "repo"],
  },
  readFile: {
    type: "object",
    properties: {
      path: { type: "string", minLength: 1 },
      head: { type: "number", minimum: 0 },
      tail: { type: "number", minimum: 0 },
      encoding: { enum: ["utf8", "base64", null] },
    },
    required: ["path"],
    not: { required: ["head", "tail"] },
  },
  editFile: {
    type: "object",
    properties: {
      path: text,
      edits: {
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          properties: { oldText: { type: "string", minLength: 1 }, newText: text },
          required: ["oldText", "newText"],
          additionalProperties: false,
        },
      },
      dryRun: { type: "boolean", default: false },
    },
    required: ["path", "edits"],
    additionalProperties: false,
  },
  fileTree: {
    type: "array",
    items: { $ref: "#/$defs/entry" },
    $defs: {
      entry: {
        type: "object",
        properties: {
          name: { type: "string", minLength: 1 },
          type: { enum: ["file", "directory"] },
          size: { type: "integer", minimum: 0 },
          children: { type: "array", items: { $ref: "#/$defs/entry" } },
        },
        required: ["name", "type"],
        additionalProperties: false,
      },
    },
  },
  createGraph: {
    type: "object",
    properties: {
      entities: {
        type: "array",
        items: {
          type: "object",
          properties: {
            name: text,
            entityType: text,
            observations: { type: "array", items: text },
          },
          required: ["name", "entityType", "observations"],
        },
      },
      relations: {
        type: "array",
        items: {
          type: "object",
          properties: { from: text, to: text, relationType: text },
          required: ["from", "to", "relationType"],
        },
      },
    },
    required: ["entities"],
  },
  think: {
    type: "object",
    properties: {
      thought: { type: "string", minLength: 1 },
      thoughtNumber: { type: "integer", minimum: 1 },
      totalThoughts: { type: "integer", minimum: 1 },
      nextThoughtNeeded: flag,
      isRevision: flag,
      branchId: { type: "string", format: "uuid" },
    },
    required: ["thought", "thoughtNumber", "totalThoughts", "nextThoughtNeeded"],
  },
  fetchPage: {
    type: "object",
    properties: {
      url: { type: "string", format: "uri", minLength: 1 },
      maxLength: { type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 1_000_000 },
      startIndex: { type: "integer", minimum: 0, default: 0 },
      headers: { type: "object", additionalProperties: { type: "string", maxLength: 4096 } },
    },
    required: ["url"],
  },
  sendMessage: {
    type: "object",
    properties: {
      channel: { type: "string", pattern: "^[CGD][A-Z0-9]{8,}$" },
      text: { type: "string", minLength: 1, maxLength: 40_000 },
      threadTs: { anyOf: [{ type: "string", pattern: "^[0-9]+\\.[0-9]+$" }, { type: "null" }] },
      blocks: {
        type: "array",
        maxItems: 50,
        items: {
          oneOf: [
            {
              type: "object",
              properties: { type: { const: "section" }, text: { type: "string", maxLength: 3000 } },
              required: ["type", "text"],
            },
            { type: "object", properties: { type: { const: "divider" } }, required: ["type"] },
            {
              type: "object",
              properties: {
                type: { const: "image" },
                url: { type: "string", format: "uri" },
                alt: text,
              },
              required: ["type", "url", "alt"],
            },
          ],
        },
      },
    },
    required: ["channel", "text"],
  },
  booking: {
    type: "object",
    properties: {
      from: { type: "string", pattern: "^[A-Z]{3}$" },
      to: { type: "string", pattern: "^[A-Z]{3}$" },
      depart: { type: "string", format: "date" },
      return: { type: "string", format: "date" },
      passengers: {
        type: "object",
        properties: {
          adults: { type: "integer", minimum: 1, maximum: 9 },
          children: { type: "integer", minimum: 0, maximum: 8 },
        },
        required: ["adults"],
        additionalProperties: false,
      },
      cabin: { enum: ["economy", "premium", "business", "first"] },
      price: { type: "number", minimum: 0, multipleOf: 0.01 },
    },
    required: ["from", "to", "depart", "passengers"],
    dependentRequired: { return: ["depart"] },
    additionalProperties: false,
  },
  payment: {
    type: "object",
    properties: {
      amount: { type: "integer", minimum: 1, maximum: 10_000_000 },
      currency: { type: "string", enum: ["EUR", "USD", "GBP", "CHF"] },
      method: {
        oneOf: [
          {
            type: "object",
            properties: {
              kind: { const: "card" },
              number: { type: "string", pattern: "^[0-9]{12,19}$" },
              holder: { type: "string", minLength: 1 },
            },
            required: ["kind", "number", "holder"],
            additionalProperties: false,
          },
          {
            type: "object",
            properties: {
              kind: { const: "transfer" },
              iban: { type: "string", minLength: 15, maxLength: 34 },
            },
            required: ["kind", "iban"],
            additionalProperties: false,
          },
        ],
      },
      metadata: {
        type: "object",
        propertyNames: { pattern: "^[a-z_]+$" },
        additionalProperties: { type: ["string", "number", "boolean"] },
        maxProperties: 20,
      },
    },
    required: ["amount", "currency", "method"],
    additionalProperties: false,
  },
  ...moreToolSchemas,
}
