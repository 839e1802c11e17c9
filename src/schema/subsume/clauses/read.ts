import type { Dialect } from "../../dialect.ts"
import { isList, isObject, type Json, type JsonObject, member, segment } from "../../json.ts"
import type { Book } from "./book.ts"
import type { Clause } from "./clause.ts"
import { readFormat } from "./formats.ts"
import { everyKind, kinds, maskOf, numberKinds } from "./kinds.ts"
import type { Node } from "./node.ts"
import { readCompounds } from "./read-compounds.ts"

/** A schema that is being read. */
export interface Site {
  readonly book: Book
  readonly at: string
  readonly schema: JsonObject
}

/** What a schema says, in the order in which it is quickest to find that a value does not fit. */
export function readClauses(book: Book, at: string, schema: Json): readonly Clause[] {
  if (schema === false) return [{ rule: "never", on: everyKind, at }]
  if (!isObject(schema)) return []
  const site: Site = { book, at, schema }
  const clauses: Clause[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    const read = readers.get(keyword)?.(value, at + segment(keyword), site)
    if (read !== undefined) clauses.push(...[read].flat())
  }
  clauses.push(...readCompounds(site))
  return clauses.sort((left, right) => order[left.rule] - order[right.rule])
}

const order: Readonly<Record<Clause["rule"], number>> = {
  never: 0,
  types: 1,
  values: 2,
  low: 3,
  high: 3,
  atLeast: 3,
  atMost: 3,
  required: 3,
  multiple: 4,
  pattern: 5,
  format: 5,
  unique: 6,
  members: 7,
  items: 7,
  names: 7,
  contains: 8,
  depends: 8,
  all: 9,
  when: 10,
  any: 10,
  one: 10,
  not: 10,
  opaque: 11,
}

type Reader = (value: Json, at: string, site: Site) => Clause | readonly Clause[] | undefined

const { string, array, object } = kinds
const isCurrent = (dialect: Dialect) => dialect !== "draft-07"

const bound =
  (rule: "low" | "high", isOpen: boolean): Reader =>
  (limit, at) => ({ rule, on: numberKinds, at, limit: Number(limit), isOpen })

const size =
  (rule: "atLeast" | "atMost", on: number): Reader =>
  (count, at) => ({ rule, on, at, size: Number(count) })

const branches =
  (rule: "all" | "any" | "one"): Reader =>
  (value, at, { book }) => ({ rule, on: everyKind, at, of: readList(book, value, at) })

/** Only from 2019-09 on, and only while it could refuse something. */
const opaque =
  (on: number): Reader =>
  (value, at, { book }) => {
    const isIdle = value === true || (isObject(value) && Object.keys(value).length === 0)
    return isCurrent(book.dialect) && !isIdle ? { rule: "opaque", on, at } : undefined
  }

const byKeyword: Readonly<Record<string, Reader>> = {
  type: (value, at, { schema }) => {
    const nullable = member(schema, "nullable") === true ? kinds.null : 0
    return { rule: "types", on: everyKind, at, mask: maskOf(value) | nullable }
  },
  const: (value, at) => ({ rule: "values", on: everyKind, at, values: [value] }),
  enum: (value, at) => ({ rule: "values", on: everyKind, at, values: isList(value) ? value : [] }),
  minimum: bound("low", false),
  exclusiveMinimum: bound("low", true),
  maximum: bound("high", false),
  exclusiveMaximum: bound("high", true),
  multipleOf: (value, at) => ({ rule: "multiple", on: numberKinds, at, of: Number(value) }),
  minLength: size("atLeast", string),
  maxLength: size("atMost", string),
  minItems: size("atLeast", array),
  maxItems: size("atMost", array),
  minProperties: size("atLeast", object),
  maxProperties: size("atMost", object),
  pattern: (value, at) => ({ rule: "pattern", on: string, at, source: String(value) }),
  format: (value, at) => readFormat(String(value), at),
  required: (value, at) => ({
    rule: "required",
    on: object,
    at,
    names: isList(value) ? value.map(String) : [],
  }),
  propertyNames: (value, at, { book }) => ({
    rule: "names",
    on: object,
    at,
    name: book.nodeAt(at, value),
  }),
  allOf: branches("all"),
  anyOf: branches("any"),
  oneOf: branches("one"),
  not: (value, at, { book }) => ({
    rule: "not",
    on: everyKind,
    at,
    node: book.nodeAt(at, value),
  }),
  $ref: (_, at, { book, at: from }) => {
    const target = book.target(from)
    if (target === undefined) return { rule: "opaque", on: everyKind, at }
    return { rule: "all", on: everyKind, at, of: [target] }
  },
  $dynamicRef: opaque(everyKind),
  $recursiveRef: opaque(everyKind),
  unevaluatedProperties: opaque(object),
  unevaluatedItems: opaque(array),
}

/** A map, for a schema may have a keyword called `constructor`. */
const readers: ReadonlyMap<string, Reader> = new Map(Object.entries(byKeyword))

const readList = (book: Book, value: Json, at: string): Node[] =>
  isList(value) ? value.map((schema, index) => book.nodeAt(at + segment(index), schema)) : []
