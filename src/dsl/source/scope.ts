import type { Json, JsonObject } from "../../registry/model.ts"
import { type Code, call, text } from "./code.ts"
import { type Entities, isObject } from "./entities.ts"
import type { Names } from "./names.ts"

/** A step that a place in a composition can name. */
export interface Handle {
  readonly id: string
  readonly variable: string
  /** Of what it gives; undefined where that is not known. */
  readonly schema: Json | undefined
  isUsed: boolean
}

/** What a place in the composition of one tool sees. */
export interface Scope {
  readonly entities: Entities
  /** The tool's own `depends`, from which calls take their versions. */
  readonly depends: readonly JsonObject[]
  /** What the builder will find to be called: filled as code is made, in the order of the document. */
  readonly called: JsonObject[]
  readonly names: Names
  readonly handles: readonly Handle[]
  /** Of the input; undefined where that is not known. */
  readonly input: Json | undefined
  /** Writes the pattern within an operation: handed in, because patterns hold operations. */
  readonly nested: (spec: JsonObject, scope: Scope) => Code
  /** Notes that the input's members are asked for, which a function is given. */
  readonly onInput: () => void
}

const shorthand = /\.([A-Za-z_]\w*)|\[(0|[1-9]\d*)\]/y

/** The part of a value that a path names: by its members where its schema has them, and otherwise with `at`. */
export function pathCode({ entities }: Scope, root: string, path: string, schema?: Json): Code {
  const members = membersOf(path)
  return members !== undefined && reaches(entities, schema, members)
    ? root + members.map(memberCode).join("")
    : call(entities.use("at"), root, text(path))
}

/** Of paths that go through members and items alone. */
function membersOf(path: string): readonly string[] | undefined {
  if (path === "$") return
  const members: string[] = []
  shorthand.lastIndex = 1
  while (shorthand.lastIndex < path.length) {
    const match = shorthand.exec(path)
    if (match === null) return
    members.push(match[1] ?? match[2] ?? "")
  }
  return members
}

const isIndex = (member: string) => /^\d/.test(member)
const memberCode = (member: string) => (isIndex(member) ? `[${member}]` : `.${member}`)

/** Whether the types of the builder know the members; it gives the first ten items of a list. */
function reaches(
  entities: Entities,
  schema: Json | undefined,
  members: readonly string[],
): boolean {
  const [first, ...others] = members
  if (first === undefined) return true
  const known = resolved(entities, schema)
  if (known === undefined) return false
  const properties = known["properties"]
  if (isObject(properties)) {
    const isThere = !isIndex(first) && Object.hasOwn(properties, first)
    return isThere && reaches(entities, properties[first], others)
  }
  return "items" in known && /^\d$/.test(first) && reaches(entities, known["items"], others)
}

function resolved(entities: Entities, schema: Json | undefined): JsonObject | undefined {
  if (!isObject(schema)) return
  const entity = entities.schema(schema["$ref"])
  return entity === undefined ? schema : resolved(entities, entity.json["schema"])
}
