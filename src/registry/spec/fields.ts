import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { nearest } from "../../schema/nearest.ts"
import type { DialectForm } from "../normalise/dialect-forms.ts"
import { type At, isAnnotation, memberPointer, type Reader, refuse, wrongType } from "./reading.ts"

/** One member of an object: how it is read, and whether it must be there. */
export interface Field {
  readonly read: Reader
  readonly isRequired?: true
  /** Another spelling; `form` where that counts as dialect, `read` where its value is written differently, too. */
  readonly alias?: { readonly name: string; readonly form?: DialectForm; readonly read?: Reader }
}

/** The members of one kind of object, in the order in which they are written out. */
export type Fields = { readonly [name: string]: Field }

interface Shape {
  /** What problems call it: `a step`. */
  readonly what: string
  readonly members: readonly Member[]
  readonly fields: Fields
}

interface Member extends Field {
  readonly name: string
}

export const required = (read: Reader): Field => ({ read, isRequired: true })
export const optional = (read: Reader): Field => ({ read })

export type ObjectReader = (raw: Json, at: At) => JsonObject | undefined

/**
 * A reader of objects with these members. What cannot be read is reported and left out, so that one mistake does not
 * hide the next; undefined only for what is no object at all.
 */
export function object(what: string, fields: Fields): ObjectReader {
  const members = Object.entries(fields).map(([name, field]) => ({ ...field, name }))
  const shape = { what, members, fields }
  return (raw, at) => (isObject(raw) ? readObject(raw, at, shape) : wrongType(at, raw, "an object"))
}

type Writable = { [key: string]: Json }

function readObject(raw: JsonObject, at: At, shape: Shape): JsonObject {
  const out: Writable = {}
  at.reading.context.origins.set(out, at.pointer)
  for (const member of shape.members) {
    const spelling = spelledAs(raw, member)
    if (spelling !== undefined) readMember(raw, at, { out, member, spelling })
  }
  for (const member of shape.members)
    if (member.isRequired && spelledAs(raw, member) === undefined)
      refuse(at, "missing_field", `${shape.what} needs ${member.name}`)
  carryRest(raw, at, { out, shape })
  return out
}

function spelledAs(raw: JsonObject, { name, alias }: Member): string | undefined {
  if (Object.hasOwn(raw, name)) return name
  return alias !== undefined && Object.hasOwn(raw, alias.name) ? alias.name : undefined
}

interface Found {
  readonly out: Writable
  readonly member: Member
  /** The name that it is written under. */
  readonly spelling: string
}

function readMember(raw: JsonObject, at: At, { out, member, spelling }: Found): void {
  const { name, alias } = member
  const { context, moved } = at.reading
  const pointer = memberPointer(at, raw, spelling)
  const isAlias = spelling !== name
  if (isAlias && alias?.form !== undefined) context.dialect(alias.form, pointer)
  if (!isAlias) reportConflict(raw, at, member)
  const read = isAlias ? (alias?.read ?? member.read) : member.read
  const value = read(raw[spelling] ?? null, { ...at, pointer, holder: out, key: name })
  if (value === undefined) return
  out[name] = value
  if (isAlias || moved.has(raw)) context.origins.setMember(out, name, pointer)
}

/** Both spellings at once say the same thing twice at best; which one the author meant is not for us to guess. */
function reportConflict(raw: JsonObject, at: At, { name, alias }: Member): void {
  if (alias === undefined || !Object.hasOwn(raw, alias.name)) return
  if (raw[alias.name] === raw[name]) {
    if (alias.form !== undefined)
      at.reading.context.dialect(alias.form, memberPointer(at, raw, alias.name))
    return
  }
  const message = `${alias.name} and ${name} are two spellings of one field and differ`
  refuse(at, "dialect_conflict", message, `keep ${name} alone`)
}

/** Words about an object that any object of a spec may hold. */
const remarks = ["description", "metadata"]
const inclusions = ["$ref", "$include", "$import"]

function carryRest(
  raw: JsonObject,
  at: At,
  { out, shape }: { readonly out: Writable; readonly shape: Shape },
): void {
  for (const [key, value] of Object.entries(raw)) {
    if (isKnown(key, shape.fields)) continue
    const there = { ...at, pointer: memberPointer(at, raw, key) }
    if (inclusions.includes(key)) reportInclusion(key, there)
    else if (isAnnotation(key) || remarks.includes(key)) out[key] = value
    else reportUnknown(key, there, shape)
  }
}

const isKnown = (key: string, fields: Fields) =>
  Object.hasOwn(fields, key) || Object.values(fields).some(({ alias }) => alias?.name === key)

export const reportInclusion = (key: string, at: At): undefined =>
  refuse(
    at,
    "include_unsupported",
    `${key} is not supported here: nothing would be read in its place`,
    "write the content out in this document",
  )

function reportUnknown(key: string, at: At, { what, fields }: Shape): void {
  const names = Object.keys(fields)
  const meant = meantBy(key, names)
  at.reading.context.report({
    code: "unknown_field",
    severity: at.reading.context.unknownFieldSeverity,
    pointer: at.pointer,
    message: `${what} has no field ${JSON.stringify(key.slice(0, 64))}`,
    hint:
      meant === undefined
        ? `fields: ${names.join(", ")}; prefix your own with x-`
        : `did you mean ${meant}?`,
  })
}

/** The name that a misspelt or snake_case word stands for, if one is near. */
export function meantBy(word: string, names: readonly string[]): string | undefined {
  const camelCase = word.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase())
  return names.find((name) => name === camelCase) ?? nearest(word, names)
}
