import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type {
  Provision,
  RegistryDocument,
  SchemaEntity,
  ServerEntity,
  SourceServer,
  ToolEntity,
  ToolSource,
} from "../model.ts"
import { cardJson } from "./card-json.ts"
import { dependencyJson } from "./dependency-json.ts"
import { withoutNotes } from "./notes.ts"

/** Whether annotations (`$…` members of the format's objects) are written. They have no meaning. */
export interface Writing {
  readonly notes: "kept" | "dropped"
}

type Members = { readonly [key: string]: Json | undefined }

/**
 * The document as JSON in canonical spelling: the four sections are always there, members stand in the order of the
 * format's reference, annotations first and extensions last.
 */
export const documentJson = (document: RegistryDocument): JsonObject => {
  const writing: Writing = { notes: "kept" }
  return topLevel(
    document,
    {
      schemas: document.schemas.map((entity) => schemaJson(entity, writing)),
      servers: document.servers.map((entity) => serverJson(entity, writing)),
      tools: document.tools.map((entity) => toolJson(entity, writing)),
      agents: document.agents.map(cardJson),
    },
    writing,
  )
}

export const topLevel = (document: RegistryDocument, sections: Members, writing: Writing) =>
  written(
    {
      schemaVersion: document.schemaVersion,
      ...sections,
      unknownCallerPolicy: document.unknownCallerPolicy,
      metadata: document.metadata,
      description: document.description,
    },
    document.extra,
    writing,
  )

export const schemaJson = (entity: SchemaEntity, writing: Writing): JsonObject =>
  written(
    {
      name: entity.name,
      version: entity.version,
      schema: entity.schema,
      description: entity.description,
      metadata: entity.metadata,
      deprecated: entity.deprecated,
      deprecationMessage: entity.deprecationMessage,
    },
    entity.extra,
    writing,
  )

export const serverJson = (entity: ServerEntity, writing: Writing): JsonObject =>
  written(
    {
      name: entity.name,
      version: entity.version,
      description: entity.description,
      metadata: entity.metadata,
      provides: entity.provides.map((provision) => provisionJson(provision, writing)),
      deprecated: entity.deprecated,
      deprecationMessage: entity.deprecationMessage,
    },
    entity.extra,
    writing,
  )

const provisionJson = (provision: Provision, writing: Writing): JsonObject =>
  written(
    {
      tool: provision.tool,
      version: provision.version,
      inputSchema: provision.inputSchema,
      outputSchema: provision.outputSchema,
      title: provision.title,
      description: provision.description,
      annotations: provision.annotations,
      execution: provision.execution,
      icons: provision.icons,
    },
    provision.extra,
    writing,
  )

export function toolJson(entity: ToolEntity, writing: Writing): JsonObject {
  const spelled = (value: JsonObject | undefined) =>
    value === undefined || writing.notes === "kept" ? value : withoutNotes(value)
  return written(
    {
      name: entity.name,
      version: entity.version,
      description: entity.description,
      metadata: entity.metadata,
      source: entity.source && sourceJson(entity.source, writing),
      spec: spelled(entity.spec),
      depends: entity.depends?.map(dependencyJson),
      inputSchema: entity.inputSchema,
      outputSchema: entity.outputSchema,
      outputTransform: spelled(entity.outputTransform),
      tags: entity.tags,
      deprecated: entity.deprecated,
      deprecationMessage: entity.deprecationMessage,
      title: entity.title,
      annotations: entity.annotations,
      execution: entity.execution,
      icons: entity.icons,
    },
    entity.extra,
    writing,
  )
}

const sourceJson = (source: ToolSource, writing: Writing): JsonObject =>
  written(
    {
      ...(source.servers === undefined
        ? { server: source.server, serverVersion: source.serverVersion }
        : {
            servers: source.servers.map((server) => serverMemberJson(server, writing)),
            select: source.select,
          }),
      tool: source.tool,
      defaults: source.defaults,
      hideFields: source.hideFields,
      idempotency: source.idempotency,
    },
    source.extra,
    writing,
  )

const serverMemberJson = (member: SourceServer, writing: Writing): JsonObject =>
  written(
    {
      server: member.server,
      serverVersion: member.serverVersion,
      tool: member.tool,
      when:
        isObject(member.when) && writing.notes === "dropped"
          ? withoutNotes(member.when)
          : member.when,
    },
    member.extra,
    writing,
  )

function written(members: Members, extra: JsonObject, { notes }: Writing): JsonObject {
  const beside = Object.entries(extra)
  const isNote = ([key]: readonly [string, Json]) => key.startsWith("$")
  const isThere = (entry: [string, Json | undefined]): entry is [string, Json] =>
    entry[1] !== undefined
  return Object.fromEntries([
    ...(notes === "kept" ? beside.filter(isNote) : []),
    ...Object.entries(members).filter(isThere),
    ...beside.filter((entry) => !isNote(entry)),
  ])
}
