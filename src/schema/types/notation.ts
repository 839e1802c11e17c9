import { isList, isObject, type Json, type JsonObject, type JsonSchema, member } from "../json.ts"

/**
 * A schema in a few words, for people: `{ query: string, limit?: integer }`, `[{ title, url }]`, `"a" | "b"`, `any`. A
 * name alone is a member of which no more is said, or for which there was no room; `…` stands for what was left out. Of
 * at most `max` UTF-16 units, on one line, and the same for the same schema. Made for the schemas of `schemaOf`; what
 * it does not know of others is left out.
 */
export function notationOf(schema: JsonSchema, max: number): string {
  for (const room of rooms) {
    const found = write(schema, room)
    if (found.length <= max) return found
  }
  return cut(write(schema, { depth: 0, isBrief: true, members: 1 }), max)
}

interface Room {
  /** Objects and arrays inside each other. */
  readonly depth: number
  /** Without the types of members that are neither objects nor arrays. */
  readonly isBrief: boolean
  /** Members, values and alternatives each. */
  readonly members: number
}

/** What is left out first: the types of simple members, then what are many, then what lies deep. */
const rooms: readonly Room[] = [
  { depth: 8, isBrief: false, members: 12 },
  { depth: 8, isBrief: true, members: 12 },
  { depth: 8, isBrief: true, members: 6 },
  { depth: 3, isBrief: true, members: 4 },
  { depth: 2, isBrief: true, members: 4 },
  { depth: 2, isBrief: true, members: 2 },
  { depth: 1, isBrief: true, members: 4 },
  { depth: 1, isBrief: true, members: 2 },
]

function write(schema: Json, room: Room): string {
  if (schema === false) return "never"
  if (!isObject(schema)) return "any"
  const { anyOf, enum: values, type } = schema
  if (isList(anyOf)) return joined(anyOf, (one) => write(one, room), " | ", room)
  if (isList(values)) return joined(values, constant, " | ", room)
  if (type === "object") return object(schema, room)
  if (type === "array") return array(schema, room)
  return typeof type === "string" ? type : "any"
}

function array({ items = true, maxItems }: JsonObject, room: Room): string {
  if (maxItems === 0) return "[]"
  return room.depth === 0 ? "[…]" : `[${write(items, { ...room, depth: room.depth - 1 })}]`
}

function object(schema: JsonObject, room: Room): string {
  const { additionalProperties: others = true, required } = schema
  const properties = isObject(schema["properties"]) ? schema["properties"] : {}
  const names = Object.keys(properties)
  if (names.length === 0 && others === true) return "object"
  if (names.length === 0 && others === false) return "{}"
  if (room.depth === 0) return "{…}"
  const inside = { ...room, depth: room.depth - 1 }
  const isRequired = (name: string) => isList(required) && required.includes(name)
  const fields = joined(
    names,
    (name) => {
      const type = typed(member(properties, name) ?? true, inside)
      return `${nameOf(name)}${isRequired(name) ? "" : "?"}${type}`
    },
    ", ",
    room,
  )
  const rest = others === true || others === false ? "" : `[name]${typed(others, inside)}`
  return `{ ${[fields, rest].filter((part) => part !== "").join(", ")} }`
}

function typed(schema: Json, room: Room): string {
  const isSimple =
    !isObject(schema) || !["anyOf", "properties", "items"].some((key) => Object.hasOwn(schema, key))
  if (schema === true || (room.isBrief && isSimple)) return ""
  return `: ${write(schema, room)}`
}

/** With `…` for those that are too many. */
function joined<T>(
  parts: readonly T[],
  write: (part: T) => string,
  separator: string,
  { members }: Room,
): string {
  const shown = parts.slice(0, members).map(write)
  return [...shown, ...(parts.length > members ? ["…"] : [])].join(separator)
}

const nameMax = 32

/** Names and values come from documents: whatever they hold, they stay on their line and what they are. */
const nameOf = (name: string): string =>
  /^[A-Za-z_$][\w$-]*$/.test(name) ? cut(name, nameMax) : constant(name)

const constant = (value: Json): string =>
  typeof value === "string" ? plain(JSON.stringify(cut(value, nameMax))) : JSON.stringify(value)

/** Everything but letters, marks, digits, signs and the space could obey or hide in a terminal. */
const plain = (text: string): string =>
  text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  )

/** Never between the halves of a character. */
const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, "")}…`
