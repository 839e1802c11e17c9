import type { Json, JsonObject } from "../../registry/model.ts"
import { type Section, sections } from "../definition.ts"
import { type Code, call, data, text } from "./code.ts"
import { Names } from "./names.ts"

/** An entity of the document, and the variable that holds it in the program. */
export interface Entity {
  readonly section: Section
  readonly json: JsonObject
  readonly name: string
  readonly version: string | undefined
  readonly variable: string
}

/** What a program writes in the place of a reference, and the entity it means where there is one. */
export interface Reference {
  readonly code: Code
  readonly entity: Entity | undefined
}

type Write = (entity: Entity) => Code

const elsewhere = { servers: "serverNamed", tools: "toolNamed", agents: "agentNamed" }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * The entities of a document as variables of a program, each declared before it is used: whoever asks for a reference
 * has what it means declared first. Where entities refer to each other in a circle, one names the other.
 */
export class Entities {
  readonly names = new Names()
  readonly #all: readonly Entity[]
  readonly #byIdentity = new Map<string, Entity>()
  readonly #begun = new Set<Entity>()
  readonly #declared = new Map<Entity, Code>()
  readonly #used = new Set<string>()
  readonly #write: Write

  constructor(document: JsonObject, write: (entity: Entity, entities: Entities) => Code) {
    this.#write = (entity) => write(entity, this)
    this.#all = sections.flatMap((section) =>
      listOf(document[section])
        .filter(isObject)
        .map((json) => this.#entity(section, json)),
    )
    for (const entity of this.#all) {
      const key = identity(entity.section, entity.name, entity.version)
      if (!this.#byIdentity.has(key)) this.#byIdentity.set(key, entity)
    }
  }

  /** The declarations in an order in which they can be made. */
  declarations(): ReadonlyMap<Entity, Code> {
    for (const entity of this.#all) this.#declare(entity)
    return this.#declared
  }

  variables(section: Section): readonly string[] {
    return this.#all.filter((entity) => entity.section === section).map((each) => each.variable)
  }

  /** Notes that the program needs a function of the library; returns its name. */
  use(name: string): string {
    this.#used.add(name)
    return name
  }

  used(): readonly string[] {
    return [...this.#used].sort()
  }

  reference(section: keyof typeof elsewhere, name: string, version: string | undefined): Reference {
    const entity = this.#find(section, name, version)
    if (entity !== undefined) return { code: entity.variable, entity }
    const versioned = version === undefined ? [] : [text(version)]
    return { code: call(this.use(elsewhere[section]), text(name), ...versioned), entity: undefined }
  }

  /** JSON with the schemas that it refers to as variables. */
  withSchemas(json: Json | undefined): Code {
    return data(json, (value) => this.#schemaReference(value))
  }

  /** The schema that a `$ref` means. */
  schema(ref: Json | undefined): Entity | undefined {
    const [, name, version] =
      /^#([^:#]+)(?::([^:#]+))?$/.exec(typeof ref === "string" ? ref : "") ?? []
    return name === undefined ? undefined : this.#find("schemas", name, version)
  }

  #schemaReference(value: Json): Code | undefined {
    if (!isObject(value)) return
    const [[first, ref] = [], ...others] = Object.entries(value)
    const entity = first === "$ref" ? this.schema(ref) : undefined
    if (entity === undefined) return
    if (others.length === 0) return entity.variable
    const members = others.map(([key, each]) => ({ key, value: this.withSchemas(each) }))
    return { kind: "object", members: [{ value: entity.variable }, ...members] }
  }

  /** Only where it is, or can now be, declared before the place that asks. */
  #find(section: Section, name: string, version: string | undefined): Entity | undefined {
    const entity = this.#byIdentity.get(identity(section, name, version))
    if (entity === undefined) return
    this.#declare(entity)
    return this.#declared.has(entity) ? entity : undefined
  }

  #declare(entity: Entity): void {
    if (this.#begun.has(entity)) return
    this.#begun.add(entity)
    this.#declared.set(entity, this.#write(entity))
  }

  #entity(section: Section, json: JsonObject): Entity {
    const name = typeof json["name"] === "string" ? json["name"] : section
    const version = typeof json["version"] === "string" ? json["version"] : undefined
    const isType = section === "schemas"
    const variable = this.names.next(name, { isType, again: version ?? "" })
    return { section, json, name, version, variable }
  }
}

const identity = (section: Section, name: string, version: string | undefined) =>
  JSON.stringify([section, name, version])

export const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? value : []
