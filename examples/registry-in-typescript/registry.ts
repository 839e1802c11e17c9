// A registry as a program. `postern validate`, `explain`, `serve` and all others take it where they take a JSON file.
import { agent, at, cel, pipeline, registry, saga, schema, server, tool } from "postern"

const Draft = schema("Draft", "1.0.0", {
  type: "object",
  properties: { title: { type: "string", minLength: 1 }, body: { type: "string" } },
  required: ["title", "body"],
  additionalProperties: false,
})

const Stored = schema("Stored", "1.0.0", {
  type: "object",
  properties: { id: { type: "integer" } },
  required: ["id"],
})

const documents = server("document-service", "2.0.0", {
  description: "A store of short texts",
  provides: [
    { tool: "search_documents" },
    { tool: "create_document" },
    { tool: "delete_document" },
  ],
})

// A virtual tool: callers do not see that there is a mode, and it is always "all".
const search = tool("search_documents", "2.0.0", {
  description: "Find documents that contain all words",
  source: documents.tool("search_documents", { defaults: { mode: "all" }, hideFields: ["mode"] }),
  inputSchema: {
    type: "object",
    properties: { query: { type: "string" }, limit: { type: "integer", minimum: 1, maximum: 20 } },
    required: ["query"],
  },
  outputSchema: {
    type: "object",
    properties: {
      documents: {
        type: "array",
        items: {
          type: "object",
          properties: { id: { type: "integer" }, title: { type: "string" } },
          required: ["id", "title"],
        },
      },
      total: { type: "integer" },
    },
    required: ["documents", "total"],
  },
  annotations: { readOnlyHint: true },
})

const create = tool("create_document", "1.0.0", {
  description: "Store a document",
  source: documents.tool("create_document"),
  inputSchema: Draft,
  outputSchema: Stored,
})

const remove = tool("delete_document", "1.0.0", {
  description: "Delete a document for good; one that is gone already is no error",
  source: documents.tool("delete_document"),
  inputSchema: Stored,
  outputSchema: { type: "object", properties: { deleted: { type: "boolean" } } },
  annotations: { destructiveHint: true, idempotentHint: true },
})

// A pipeline: `found` and `stored` are values of the run, and what is not in their schemas is a type error.
const storeOnce = tool("store_once", "1.0.0", {
  description: "Store a document, unless one of that title is there",
  inputSchema: Draft,
  spec: (input) =>
    pipeline({ timeoutMs: 10_000 }, (step) => {
      const found = step("found", search, { input: { query: input.title } })
      const stored = step("stored", create, {
        when: cel`${found.total} == 0`,
        input: { title: input.title, body: input.body },
      })
      return { id: stored.id, alike: at(found, "$.documents[*].title") }
    }),
})

// A saga: when the old document cannot be deleted, the new one is.
const replace = tool("replace_document", "1.0.0", {
  description: "Put a document in the place of another",
  inputSchema: {
    type: "object",
    properties: {
      request: { type: "string", description: "names this replacement: it is done once" },
      old: { type: "integer" },
      title: { type: "string", minLength: 1 },
      body: { type: "string" },
    },
    required: ["request", "old", "title", "body"],
  },
  spec: (input) =>
    saga({ sagaIdPath: "$.request" }, (step) => {
      const created = step("create", create, {
        input: { title: input.title, body: input.body },
        compensate: (own) => ({ run: remove, input: { id: own.id } }),
      })
      step("delete", remove, { input: { id: input.old }, pivot: true })
      return { id: created.id }
    }),
})

const clerk = agent("clerk", "1.0.0", {
  description: "Keeps the documents",
  url: "https://agents.example/clerk",
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
}).depends(search, storeOnce, replace)

// What clerk depends on, and what that depends on, is all that the registry needs to hold.
export default registry({ agents: [clerk] })
