import type { JsonObject } from "../../../../src/schema/json.ts"
import { condition } from "./row.ts"

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
  query: {
    type: "object",
    properties: {
      sql: { type: "string", minLength: 1 },
      params: { type: "array", items: { type: ["string", "number", "boolean", "null"] } },
      timeoutMs: { type: "integer", minimum: 0, maximum: 60_000, multipleOf: 100 },
    },
    required: ["sql"],
  },
  queryResult: {
    type: "object",
    properties: {
      columns: {
        type: "array",
        items: {
          type: "object",
          properties: { name: text, type: { enum: ["text", "integer", "real", "blob"] } },
          required: ["name", "type"],
        },
      },
      rows: {
        type: "array",
        items: { type: "array", items: { type: ["string", "number", "null"] } },
      },
      truncated: flag,
    },
    required: ["columns", "rows"],
    additionalProperties: false,
  },
  filter: {
    $ref: "#/$defs/expression",
    $defs: {
      expression: {
        anyOf: [{ $ref: "#/$defs/comparison" }, { $ref: "#/$defs/group" }],
      },
      comparison: {
        type: "object",
        properties: {
          field: { type: "string", minLength: 1 },
          operator: { enum: ["=", "<", ">"] },
          value: { type: ["string", "number"] },
        },
        required: ["field", "operator", "value"],
        additionalProperties: false,
      },
      group: {
        type: "object",
        properties: {
          all: { type: "array", items: { $ref: "#/$defs/expression" }, minItems: 1, maxItems: 20 },
        },
        required: ["all"],
        additionalProperties: false,
      },
    },
  },
  weather: {
    type: "object",
    properties: {
      latitude: { type: "number", minimum: -90, maximum: 90 },
      longitude: { type: "number", minimum: -180, maximum: 180 },
      units: { type: "string", enum: ["metric", "imperial"], default: "metric" },
      days: { type: "integer", minimum: 1, maximum: 16 },
    },
    required: ["latitude", "longitude"],
    additionalProperties: false,
  },
  coordinates: {
    type: "array",
    prefixItems: [
      { type: "number", minimum: -180, maximum: 180 },
      { type: "number", minimum: -90, maximum: 90 },
    ],
    items: false,
    minItems: 2,
  },
  navigation: {
    type: "object",
    properties: {
      selector: { type: "string", minLength: 1 },
      button: { enum: ["left", "right", "middle"] },
      modifiers: {
        type: "array",
        items: { enum: ["Alt", "Control", "Meta", "Shift"] },
        uniqueItems: true,
      },
      clickCount: { type: "integer", minimum: 1, maximum: 3 },
      viewport: {
        type: "object",
        properties: {
          width: { type: "integer", minimum: 1 },
          height: { type: "integer", minimum: 1 },
        },
        required: ["width", "height"],
        additionalProperties: false,
      },
    },
    required: ["selector"],
    additionalProperties: false,
  },
  schedule: {
    type: "object",
    properties: {
      kind: { enum: ["once", "weekly"] },
      at: { type: "string", format: "date-time" },
      days: {
        type: "array",
        items: { enum: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] },
        minItems: 1,
        uniqueItems: true,
      },
    },
    required: ["kind"],
    ...condition(
      { properties: { kind: { const: "once" } } },
      { so: { required: ["at"] }, otherwise: { required: ["days"] } },
    ),
  },
  attachment: {
    type: "object",
    properties: {
      name: { type: "string", minLength: 1, maxLength: 255 },
      size: { type: "integer", minimum: 0, maximum: 2_147_483_647 },
      digest: { type: "string", pattern: "^sha256:[0-9a-f]{64}$" },
      mimeType: { type: "string", pattern: "^[a-z]+/" },
      data: { type: "string", format: "byte" },
    },
    patternProperties: { "^x-": { type: "string" } },
    required: ["name", "digest"],
    additionalProperties: false,
  },
  account: {
    type: "object",
    allOf: [
      {
        properties: {
          id: { type: "integer", format: "int64" },
          createdAt: { type: "string", format: "date-time" },
        },
        required: ["id", "createdAt"],
      },
      {
        properties: {
          email: { type: "string", format: "email" },
          role: { type: "string", enum: ["admin", "member", "guest"] },
          active: flag,
        },
        required: ["email"],
      },
    ],
  },
}
