import { isList, isObject, type Json, type JsonObject, type JsonSchema } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type {
  AgentEntity,
  Dependency,
  Provision,
  RegistryDocument,
  SchemaEntity,
  ServerEntity,
  Skill,
  ToolEntity,
} from "../model.ts"
import { writeRegistryRef } from "../normalise/registry-ref.ts"
import { respellRefs } from "../normalise/schema-walk.ts"
import type { DependencyLink, Links } from "../resolve/links.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import { asRoot } from "../schemas/positions.ts"
import { pinSpec } from "./pin-spec.ts"

/** The canonical document with what its references resolved to, and each of its entities as it was before. */
export interface Pinned {
  readonly document: RegistryDocument
  /** From an entity as it was drafted to the pinned one. */
  readonly tools: ReadonlyMap<ToolEntity, ToolEntity>
  readonly agents: ReadonlyMap<AgentEntity, AgentEntity>
  readonly servers: ReadonlyMap<ServerEntity, ServerEntity>
}

/**
 * Writes down what was resolved: versions of references, implied servers, expanded and derived `depends`. Versions are
 * not invented, and what nothing changed in stays the very object it was.
 */
export function* pin(
  draft: Draft,
  links: Links,
  schemas: SchemaLinks,
): Generator<void, Pinned, void> {
  const pinning: Pinning = { draft, links, schemas }
  const { document } = draft
  const servers = yield* each(document.servers, (server) => pinServer(pinning, server))
  const tools = yield* each(document.tools, (tool) => pinTool(pinning, tool))
  const agents = yield* each(document.agents, (agent) => pinAgent(pinning, agent))
  const entities = yield* each(document.schemas, (entity) => pinSchemaEntity(pinning, entity))
  for (const server of links.impliedServers) servers.set(server, server)
  return {
    document: {
      ...document,
      schemas: [...entities.values()],
      servers: [...servers.values()],
      tools: [...tools.values()],
      agents: [...agents.values()],
    },
    tools,
    agents,
    servers,
  }
}

interface Pinning {
  readonly draft: Draft
  readonly links: Links
  readonly schemas: SchemaLinks
}

function* each<T>(
  entities: readonly T[],
  make: (entity: T) => T,
): Generator<void, Map<T, T>, void> {
  const made = new Map<T, T>()
  for (const entity of entities) {
    made.set(entity, make(entity))
    yield
  }
  return made
}

/** `entity` with the members of `changes` that differ; the very entity when none does. */
function changed<T extends object>(entity: T, changes: Partial<T>): T {
  const isSame = Object.entries(changes).every(([key, value]) => {
    return value === undefined || Reflect.get(entity, key) === value
  })
  if (isSame) return entity
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  return { ...entity, ...Object.fromEntries(given) }
}

const pinSchemaEntity = (pinning: Pinning, entity: SchemaEntity): SchemaEntity =>
  changed(entity, { schema: pinSchema(pinning, entity.schema) })

function pinSchema(pinning: Pinning, schema: JsonSchema): JsonSchema
function pinSchema(pinning: Pinning, schema: JsonSchema | undefined): JsonSchema | undefined
function pinSchema({ schemas }: Pinning, schema: JsonSchema | undefined): JsonSchema | undefined {
  const root = schema === undefined ? undefined : asRoot(schema)
  const refs = root && schemas.roots.get(root)
  if (root === undefined || refs === undefined || refs.targets.length === 0) return schema
  return respellRefs(root, (ref, holder) => {
    const target = schemas.targets.get(holder)
    if (target === undefined) return ref
    const { name, version } = target.entity
    return version === undefined ? ref : writeRegistryRef({ name, version, tail: target.tail })
  })
}

interface Contract {
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
}

function pinContract<T extends Contract>(pinning: Pinning, owner: T): T {
  const inputSchema = pinSchema(pinning, owner.inputSchema)
  const outputSchema = pinSchema(pinning, owner.outputSchema)
  const isSame = inputSchema === owner.inputSchema && outputSchema === owner.outputSchema
  if (isSame) return owner
  return {
    ...owner,
    ...(inputSchema === undefined ? {} : { inputSchema }),
    ...(outputSchema === undefined ? {} : { outputSchema }),
  }
}

function pinServer(pinning: Pinning, server: ServerEntity): ServerEntity {
  const provides = server.provides.map((provision) => pinContract<Provision>(pinning, provision))
  return sameItems(provides, server.provides) ? server : { ...server, provides }
}

function pinTool(pinning: Pinning, tool: ToolEntity): ToolEntity {
  const { links, draft } = pinning
  const { source, depends: written } = tool
  const version = source && links.sources.get(source)?.server?.version
  const resolved = links.depends.get(tool)
  const depends = resolved && pinDepends(resolved, written)
  const isEmptied = written === undefined && depends?.length === 0
  return changed<ToolEntity>(pinContract(pinning, tool), {
    ...(source !== undefined && source.serverVersion === undefined && version !== undefined
      ? { source: { ...source, serverVersion: version } }
      : {}),
    ...(depends === undefined || isEmptied ? {} : { depends }),
    ...pinSpec(tool, draft.compositions.get(tool), links),
  })
}

function pinAgent(pinning: Pinning, agent: AgentEntity): AgentEntity {
  const skills = agent.skills.map((skill) => pinContract<Skill>(pinning, skill))
  const resolved = pinning.links.depends.get(agent)
  const depends = agent.depends && resolved && pinDepends(resolved, agent.depends)
  const isSame = sameItems(skills, agent.skills)
  return changed<AgentEntity>(agent, {
    ...(isSame ? {} : { skills, card: pinCard(agent, skills) }),
    ...(depends === undefined ? {} : { depends }),
  })
}

/** The card's skills hold the same schemas as the agent's. */
function pinCard({ card, skills: before }: AgentEntity, after: readonly Skill[]): JsonObject {
  const pinned = new Map<Json, JsonSchema>()
  for (const [index, skill] of before.entries())
    for (const key of ["inputSchema", "outputSchema"] as const) {
      const [old, made] = [skill[key], after[index]?.[key]]
      if (old !== undefined && made !== undefined) pinned.set(old, made)
    }
  const { skills } = card
  if (!isList(skills)) return card
  const pinSkill = (skill: Json): Json =>
    isObject(skill)
      ? Object.fromEntries(Object.entries(skill).map(([k, v]) => [k, pinned.get(v) ?? v]))
      : skill
  return { ...card, skills: skills.map(pinSkill) }
}

function pinDepends(
  links: readonly DependencyLink[],
  written: readonly Dependency[] | undefined,
): readonly Dependency[] {
  const pinned = links.map(pinDependency)
  return written !== undefined && sameItems(pinned, written) ? written : pinned
}

function pinDependency({ dependency, name, target }: DependencyLink): Dependency {
  const version = dependency.version ?? target?.entity.version
  if (dependency.name === name && dependency.version === version) return dependency
  const { skill } = dependency
  return {
    type: dependency.type,
    name,
    ...(version === undefined ? {} : { version }),
    ...(skill === undefined ? {} : { skill }),
  }
}

const sameItems = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index])
