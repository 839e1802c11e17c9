import type { JsonObject } from "../../../../src/schema/json.ts"
import { condition } from "./row.ts"

const text = { type: "string" }
const flag = { type: "boolean" }

/** More schemas such as the tools of MCP servers have. */
export const moreToolSchemas: Readonly<Record<string, JsonObject>> = {
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
