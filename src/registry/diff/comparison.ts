import { canonical } from "../../schema/canonical.ts"
import type { Json } from "../../schema/json.ts"
import type { Catalog, CatalogTool } from "../catalog.ts"
import type { Details } from "../details.ts"
import type { AgentEntity, Dependency, Ref, SchemaEntity, ServerEntity } from "../model.ts"
import { schemaJson } from "../write/document-json.ts"
import { agentChanges, agentText } from "./agent.ts"
import type { Judges } from "./depends.ts"
import {
  type EntityKind,
  type Node,
  nodeKey,
  nodeOf,
  reachedFrom,
  type Users,
  usersIn,
} from "./graph.ts"
import { type Change, change, rangeOf } from "./level.ts"
import { createSchemaJudge, type Flow } from "./schemas.ts"
import { resolved, type Side, serverChanges, serverText } from "./server.ts"
import { schemasChanged, shownChanges, wordsChanged } from "./shown.ts"
import { labelsChanged, ownText, toolChanges } from "./tool.ts"

/** A sound document, loaded. */
export interface Version {
  readonly catalog: Catalog
  readonly details: Details
}

/** How the entities of one kind are compared. */
export interface Comparer<T extends Ref> {
  readonly kind: EntityKind
  readonly old: readonly T[]
  readonly next: readonly T[]
  /** What the document says of it, without its identity: two with one text are the same. */
  text(one: T): string
  changes(old: T, next: T): readonly Change[]
  /** Whether it uses something that changed and has no version that could say so. */
  follows(one: T): boolean
}

/** Two documents beside each other: whatever is asked about both of them. */
export class Comparison {
  readonly old: Version & { readonly users: Users }
  readonly next: Version & { readonly users: Users }
  readonly #judge = createSchemaJudge()
  readonly #judges: Judges = {
    schemas: this.#judge,
    version: (old, next) => rangeOf(this.#dependency(old, next)),
  }
  /** By the tool of the old document: a tool is asked about once for each that depends on it. */
  readonly #tools = new Map<CatalogTool, Map<CatalogTool, readonly Change[]>>()
  /** Users of what changed without a version, by their keys. */
  #followers: ReadonlySet<string> | undefined

  constructor(old: Version, next: Version) {
    this.old = { ...old, users: usersIn(old.catalog, old.details) }
    this.next = { ...next, users: usersIn(next.catalog, next.details) }
  }

  schemas(): Comparer<SchemaEntity> {
    return {
      kind: "schema",
      old: this.old.catalog.document.schemas,
      next: this.next.catalog.document.schemas,
      text: (one) => textOf(schemaJson(one, { notes: "dropped" })),
      changes: (old, next) => this.#schemaChanges(old, next),
      follows: (one) => this.#follows(nodeOf("schema", one)),
    }
  }

  servers(): Comparer<ServerEntity> {
    return {
      kind: "server",
      old: this.old.catalog.document.servers,
      next: this.next.catalog.document.servers,
      text: (one) => canonical(serverText(one)),
      changes: (old, next) =>
        serverChanges(side(this.old, old), side(this.next, next), this.#judge),
      follows: (one) =>
        one.provides.some(({ tool }) => this.#follows(nodeOf("provision", one, tool))),
    }
  }

  tools(): Comparer<ToolOf> {
    return {
      kind: "tool",
      old: this.old.catalog.tools.map(toolOf),
      next: this.next.catalog.tools.map(toolOf),
      text: ({ tool }) => canonical(ownText(tool.entity)),
      changes: (old, next) => this.#toolChanges(old.tool, next.tool),
      follows: (one) => this.#follows(nodeOf("tool", one)),
    }
  }

  agents(): Comparer<AgentEntity> {
    return {
      kind: "agent",
      old: this.old.catalog.document.agents,
      next: this.next.catalog.document.agents,
      text: (one) => canonical(agentText(one)),
      changes: (old, next) =>
        agentChanges(side(this.old, old), side(this.next, next), this.#judges),
      follows: (one) => one.skills.some(({ id }) => this.#follows(nodeOf("skill", one, id))),
    }
  }

  #follows(node: Node): boolean {
    if (this.#followers === undefined) {
      const changed = [...unversionedChanged(this.schemas()), ...unversionedChanged(this.servers())]
      const reached = reachedFrom(changed, this.next.users)
      this.#followers = new Set(reached.map((one) => nodeKey(one.node)))
    }
    return this.#followers.has(nodeKey(node))
  }

  /** What changed of a tool or a skill by what it refers to, where its own text is the same in both documents. */
  derived(node: Node): readonly Change[] {
    const { kind, name, version, part } = node
    const skill = { ...node, skill: part }
    if (kind === "skill") return this.#skill(skill, skill) ?? []
    if (kind !== "tool") return []
    const old = this.old.catalog.tool(name, version)
    const next = this.next.catalog.tool(name, version)
    return old === undefined || next === undefined ? [] : shownChanges(old, next, this.#judge)
  }

  /** Documents are sound, so that what depends on tools does not depend on itself. */
  #toolChanges(old: CatalogTool, next: CatalogTool): readonly Change[] {
    const known = this.#tools.get(old) ?? new Map<CatalogTool, readonly Change[]>()
    this.#tools.set(old, known)
    const changes = known.get(next) ?? toolChanges(old, next, this.#judges)
    known.set(next, changes)
    return changes
  }

  #schemaChanges(old: SchemaEntity, next: SchemaEntity): readonly Change[] {
    const [before, after] = [old.schema, next.schema] as const
    const from = this.old.details.selfContained(before) ?? false
    const to = this.next.details.selfContained(after) ?? false
    const flows = new Set([
      ...flowsOf(nodeOf("schema", old), this.old.users),
      ...flowsOf(nodeOf("schema", next), this.next.users),
    ])
    const judged = [...flows].flatMap((flow) => {
      const found = this.#judge.judge("schema", flow, from, to)
      return found === undefined ? [] : [{ ...found, words: `${where[flow]}: ${found.words}` }]
    })
    const unused = flows.size === 0 ? this.#judge.judge("schema", "taken", from, to) : undefined
    const changes = [
      ...judged,
      ...(unused === undefined ? [] : [unusedChange(unused)]),
      ...wordsChanged(old, next),
      ...labelsChanged(old, next),
    ]
    return changes.length > 0 ? changes : [change("", "words", "written in another way")]
  }

  /** What it is to depend on another version. */
  #dependency(old: Dependency, next: Dependency): readonly Change[] {
    if (old.type === "agent") return this.#skill(old, next) ?? [gone]
    const before = toolMeant(this.old.catalog, old)
    const after = toolMeant(this.next.catalog, next)
    return before === undefined || after === undefined ? [gone] : this.#toolChanges(before, after)
  }

  #skill(old: SkillRef, next: SkillRef): readonly Change[] | undefined {
    const before = skillMeant(this.old.catalog, old)
    const after = skillMeant(this.next.catalog, next)
    if (before === undefined || after === undefined) return
    return schemasChanged(
      resolved(before, side(this.old, before).resolve),
      resolved(after, side(this.next, after).resolve),
      this.#judge,
    )
  }
}

/** Entities without a version that are in both documents, and not the same. */
function unversionedChanged<T extends Ref>({ kind, old, next, text }: Comparer<T>): Node[] {
  const unversioned = ({ version }: Ref) => version === undefined
  const before = new Map(old.filter(unversioned).map((one) => [one.name, text(one)]))
  return next
    .filter(unversioned)
    .filter((one) => (before.get(one.name) ?? text(one)) !== text(one))
    .map((one) => nodeOf(kind, one))
}

/** A tool with its identity as entities have it. */
export interface ToolOf extends Ref {
  readonly tool: CatalogTool
}

const toolOf = (tool: CatalogTool): ToolOf => {
  const { name, version } = tool
  return version === undefined ? { name, tool } : { name, version, tool }
}

type SkillRef = Ref & { readonly skill?: string | undefined }

/** What nobody takes and nobody is given breaks nobody. */
const unusedChange = ({ most }: Change): Change =>
  change("schema", most === "words" ? "words" : "compatible", "changed; nothing uses it")

const gone = change("", "breaking", "not there")

const side = <T>({ details }: Version, entity: T): Side<T> => ({
  entity,
  resolve: (schema) => details.selfContained(schema),
})

const toolMeant = (catalog: Catalog, { name, version }: Ref) =>
  catalog.tool(name, version) ?? catalog.tool(name, undefined)

function skillMeant(catalog: Catalog, { name, version, skill }: SkillRef) {
  const match = catalog.findAgent(name, version)
  return match.found ? match.agent.entity.skills.find(({ id }) => id === skill) : undefined
}

const where = { taken: "where it is taken in", given: "where it is given out" } as const

/** Whether a schema is taken in, given out or both, by whatever uses it itself or through other schemas. */
function flowsOf(node: Node, users: Users): ReadonlySet<Flow> {
  const flows = new Set<Flow>()
  const seen = new Set([nodeKey(node)])
  const queue = [nodeKey(node)]
  for (const key of queue)
    for (const { by, as } of users.get(key) ?? []) {
      if (as !== undefined) flows.add(as)
      if (by.kind !== "schema" || seen.has(nodeKey(by))) continue
      seen.add(nodeKey(by))
      queue.push(nodeKey(by))
    }
  return flows
}

function textOf({ name: _, version: __, ...text }: { readonly [key: string]: Json }): string {
  return canonical(text)
}
