import type { CatalogTool } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import { isObject, type JsonSchema, member } from "../../schema/json.ts"
import { kinds } from "../../schema/subsume/clauses/kinds.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import {
  bothOf,
  constantType,
  notObject,
  notThere,
  objectOf,
  objectType,
  type Part,
  type Type,
  typeOf,
  unionOf,
  unknown,
} from "../../schema/types/type.ts"
import { given } from "../expr/members.ts"
import type { Callables } from "../plan/lowering.ts"
import type { Boundary, CallNode, Defaults } from "../plan/plan.ts"

/** What is called takes values of one schema. */
export interface Taker {
  /** As `name@version`. */
  readonly name: string
  readonly schema: JsonSchema
  /** A value that is no object is sent as this member of one. */
  readonly wrap?: string
  /** Filled in before the schema is looked at. */
  readonly defaults?: Defaults
  /** The argument that the call line puts the key of the call into, where it is not given. */
  readonly key?: string
}

export interface Contract {
  /** Undefined where nothing is known of what it takes. */
  readonly takes: Taker | undefined
  readonly gives: Part
  /** Of what it gives, where that is declared. */
  readonly schema: JsonSchema | undefined
}

const unknownContract: Contract = {
  takes: undefined,
  gives: { type: unknown, presence: "always" },
  schema: undefined,
}

/** What the callees of plans take and give. */
export class Contracts {
  readonly #catalog: Callables
  /** Of compositions that do not declare what they give: what was found out when they were checked. */
  readonly #found = new Map<string, Part>()
  readonly #asked = new Map<CatalogTool, JsonSchema>()

  constructor(catalog: Callables) {
    this.#catalog = catalog
  }

  ofCall({ target, wrap, effect }: CallNode): Contract {
    if (target.kind !== "tool") return unknownContract
    const tool = this.#catalog.tool(target.name, target.version)
    if (tool === undefined) return unknownContract
    const key = effect === "read" ? undefined : tool.entity.source?.idempotency?.["argument"]
    const isShown = typeof key === "string" && !hiddenOf(tool).has(key)
    const takes: Taker = {
      name: nameOf(tool),
      schema: this.#askedBy(tool),
      ...given({ wrap, key: isShown ? key : undefined }),
    }
    return { takes, ...giving(tool.shown.outputSchema) }
  }

  /** What callers are shown, and that what is hidden from them cannot be given: no open schema says so. */
  #askedBy(tool: CatalogTool): JsonSchema {
    const { inputSchema } = tool.shown
    const hidden = hiddenOf(tool)
    if (hidden.size === 0 || !isObject(inputSchema)) return inputSchema
    const known = this.#asked.get(tool)
    if (known !== undefined) return known
    const described = member(inputSchema, "properties")
    const refused = [...hidden].map((name) => [name, false] as const)
    const properties = Object.fromEntries([...Object.entries(described ?? {}), ...refused])
    const asked = { ...inputSchema, properties }
    this.#asked.set(tool, asked)
    return asked
  }

  ofComposition({ tool, inputSchema, outputSchema, wrap, defaults }: Boundary): Contract {
    const name = written(tool)
    const takes =
      inputSchema === undefined
        ? undefined
        : { name, schema: inputSchema, ...given({ wrap, defaults }) }
    const found = outputSchema === undefined ? this.#found.get(name) : undefined
    // Of what was found out no value can be said to be valid: it may be less than that.
    return { takes, ...(found ? { gives: found, schema: false } : giving(outputSchema)) }
  }

  found(tool: CatalogTool, gives: Part): void {
    this.#found.set(nameOf(tool), gives)
  }
}

export const nameOf = ({ name, version }: CatalogTool): string =>
  written({ name, ...given({ version }) })

const hiddenOf = ({ implementation }: CatalogTool): ReadonlySet<string> =>
  implementation.kind === "source" ? implementation.hidden : nothing

const nothing: ReadonlySet<string> = new Set()

const giving = (schema: JsonSchema | undefined): Pick<Contract, "gives" | "schema"> => ({
  gives: { type: schema === undefined ? unknown : typeOf(schema), presence: "always" },
  schema,
})

/** What reaches the schema of a taker when it is given values of a type. */
export const sentTo = (taker: Taker, type: Type, anatomy: Anatomy): Type =>
  withKey(wrappedFor(taker, type, anatomy), taker, anatomy)

function withKey(type: Type, { key }: Taker, anatomy: Anatomy): Type {
  if (key === undefined || (anatomy.kindsOf(type) & kinds.object) === 0) return type
  const part = anatomy.member(type, key)
  if (part.presence === "always") return type
  const members = anatomy.names(type).map((name) => [name, anatomy.member(type, name)] as const)
  // Whatever form the key has, the call line sees to it.
  const filled: Part = { type: unknown, presence: "always" }
  return objectOf(new Map([...members, [key, filled]]), anatomy.others(type))
}

function wrappedFor({ wrap, defaults }: Taker, type: Type, anatomy: Anatomy): Type {
  const kindsThere = anatomy.kindsOf(type)
  const others = kindsThere & ~kinds.object
  if (others === 0 || wrap === undefined) return withDefaultTypes(type, defaults, anatomy)
  const wrapped = objectOf(
    new Map([[wrap, { type: bothOf([type, notObject]), presence: "always" }]] as const),
  )
  const objects = (kindsThere & kinds.object) === 0 ? [] : [bothOf([type, objectType])]
  return withDefaultTypes(unionOf([...objects, wrapped]), defaults, anatomy)
}

/** The type with what `withDefaults` fills in. */
export function withDefaultTypes(
  type: Type,
  defaults: Defaults | undefined,
  anatomy: Anatomy,
): Type {
  const kindsThere = anatomy.kindsOf(type)
  if (defaults === undefined || (kindsThere & kinds.object) === 0) return type
  const names = new Set([...anatomy.names(type), ...Object.keys(defaults)])
  const fields = [...names].map((name) => {
    const part = anatomy.member(type, name)
    const own = Object.hasOwn(defaults, name) ? defaults[name] : undefined
    return [name, own === undefined ? part : filledIn(part, own, anatomy)] as const
  })
  const filled = objectOf(new Map(fields), anatomy.others(type))
  return kindsThere === kinds.object ? filled : unionOf([bothOf([type, notObject]), filled])
}

function filledIn(part: Part, { value, inside }: Defaults[string], anatomy: Anatomy): Part {
  const isMissing = value !== undefined && part.presence !== "always"
  const there = part.presence === "never" ? notThere.type : part.type
  const type = isMissing ? unionOf([there, constantType(value)]) : there
  return {
    type: withDefaultTypes(type, inside, anatomy),
    presence: isMissing ? "always" : part.presence,
  }
}
