import { isObject, type JsonObject, type JsonSchema, member } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type {
  AgentEntity,
  Dependency,
  OneServer,
  Ref,
  RegistryDocument,
  ServerEntity,
  SourceServer,
  ToolEntity,
  ToolSource,
} from "../model.ts"
import { writeRegistryRef } from "../normalise/registry-ref.ts"
import { respellRefs } from "../normalise/schema-walk.ts"
import type { DependencyLink, Links } from "../resolve/links.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import { pinSpec } from "./pin-spec.ts"

/** What the references of a document were found to mean. */
export interface Resolution {
  readonly links: Links
  readonly schemas: SchemaLinks
  /** Given to every entity without a version, and to what refers to it. Versions are not invented otherwise. */
  readonly assumeVersion?: string
}

/**
 * The canonical document with nothing left to find out: references carry the versions that they resolved to, implied
 * servers and derived `depends` are written out. What does not resolve stays as it is. Pauses after every entity, and
 * shares with the draft all that does not change.
 */
export function* pinDocument(
  { document, compositions }: Draft,
  resolution: Resolution,
): Generator<void, RegistryDocument, void> {
  const pin = new Pin(resolution)
  const servers = [...document.servers, ...resolution.links.impliedServers.map(declared)]
  return {
    ...document,
    schemas: yield* each(document.schemas, (entity) =>
      pin.entity(changed(entity, { schema: pin.schema(entity.schema) })),
    ),
    servers: yield* each(servers, (entity) => pin.server(entity)),
    tools: yield* each(document.tools, (entity) => {
      const spec = pinSpec(entity.spec, compositions.get(entity)?.calls ?? [], resolution)
      return pin.tool(entity, spec)
    }),
    agents: yield* each(document.agents, (entity) => pin.agent(entity)),
  }
}

function* each<T>(list: readonly T[], pinOne: (item: T) => T): Generator<void, readonly T[], void> {
  const pinned: T[] = []
  for (const item of list) {
    pinned.push(pinOne(item))
    yield
  }
  return pinned
}

/** Written out, an implied server is one that the document declares. */
function declared({ implied: _, ...server }: ServerEntity): ServerEntity {
  return { ...server, provides: [...server.provides] }
}

interface Contract {
  readonly inputSchema?: JsonSchema | undefined
  readonly outputSchema?: JsonSchema | undefined
}

class Pin {
  readonly #links: Links
  readonly #schemas: SchemaLinks
  readonly #assumed: string | undefined

  constructor({ links, schemas, assumeVersion }: Resolution) {
    this.#links = links
    this.#schemas = schemas
    this.#assumed = assumeVersion
  }

  entity<T extends Ref>(entity: T): T {
    if (entity.version !== undefined || this.#assumed === undefined) return entity
    return { ...entity, version: this.#assumed }
  }

  schema<T extends JsonSchema | undefined>(schema: T): JsonSchema | T {
    if (!isObject(schema) || !this.#schemas.roots.has(schema)) return schema
    return respellRefs(schema, (ref, holder) => {
      const target = this.#schemas.targets.get(holder)
      if (target === undefined) return ref
      const { entity, tail } = target
      const version = this.#version(entity, undefined)
      // A version that an unversioned entity stands in for is the author's, and stays.
      return version === undefined ? ref : writeRegistryRef({ name: entity.name, version, tail })
    })
  }

  server(entity: ServerEntity): ServerEntity {
    const provides = shared(entity.provides, (item) => changed(item, this.#contract(item)))
    return this.entity(changed(entity, { provides }))
  }

  tool(entity: ToolEntity, spec: JsonObject | undefined): ToolEntity {
    const { source } = entity
    const depends = this.#links.depends.get(entity)?.map((link) => this.#dependency(link))
    const isDerived = entity.depends === undefined && depends?.length === 0
    return this.entity(
      changed(entity, {
        ...this.#contract(entity),
        source: source && this.#source(source),
        spec,
        depends: isDerived ? undefined : same(entity.depends, depends),
      }),
    )
  }

  agent(entity: AgentEntity): AgentEntity {
    const depends = this.#links.depends.get(entity)?.map((link) => this.#dependency(link))
    return this.entity(
      changed(entity, {
        card: this.#card(entity),
        skills: shared(entity.skills, (skill) => changed(skill, this.#contract(skill))),
        depends: entity.depends && same(entity.depends, depends),
      }),
    )
  }

  #contract({ inputSchema, outputSchema }: Contract): Partial<Contract> {
    return { inputSchema: this.schema(inputSchema), outputSchema: this.schema(outputSchema) }
  }

  #source(source: ToolSource): ToolSource {
    if (source.servers === undefined) return this.#member(source)
    return changed(source, { servers: shared(source.servers, (server) => this.#member(server)) })
  }

  #member<T extends OneServer | SourceServer>(written: T): T {
    const server = this.#links.sources.get(written)?.server
    const version = server && this.#version(server, written.serverVersion)
    return changed(written, { serverVersion: version } as Changes<T>)
  }

  #dependency({ dependency, name, target }: DependencyLink): Dependency {
    const version = target ? this.#version(target.entity, dependency.version) : dependency.version
    if (name === dependency.name && version === dependency.version) return dependency
    return { ...dependency, name, ...(version !== undefined && { version }) }
  }

  /** An agent that is reached as an MCP server names it in its card. */
  #card(entity: AgentEntity): JsonObject {
    const server = this.#links.endpoints.get(entity)
    const endpoint = member(entity.card, "endpoint")
    const mcp = isObject(endpoint) ? member(endpoint, "mcp") : undefined
    if (server === undefined || !isObject(endpoint) || !isObject(mcp)) return entity.card
    const written = member(mcp, "serverVersion")
    const version = this.#version(server, typeof written === "string" ? written : undefined)
    if (version === undefined || version === written) return entity.card
    return { ...entity.card, endpoint: { ...endpoint, mcp: { ...mcp, serverVersion: version } } }
  }

  #version(entity: Ref, written: string | undefined): string | undefined {
    return entity.version ?? this.#assumed ?? written
  }
}

/** The very list that was written where nothing in it changed. */
const same = (
  written: readonly Dependency[] | undefined,
  made: readonly Dependency[] | undefined,
): readonly Dependency[] | undefined =>
  written !== undefined &&
  made !== undefined &&
  written.length === made.length &&
  written.every((item, index) => item === made[index])
    ? written
    : made

function shared<T>(list: readonly T[], make: (item: T) => T): readonly T[] {
  const made = list.map(make)
  return made.some((item, index) => item !== list[index]) ? made : list
}

type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** The object with members replaced; the very object where none differs, and absent members stay absent. */
function changed<T extends object>(object: T, members: Changes<T>): T {
  const differing = Object.entries(members).filter(
    ([key, value]) => value !== undefined && value !== Reflect.get(object, key),
  )
  return differing.length === 0 ? object : { ...object, ...Object.fromEntries(differing) }
}
