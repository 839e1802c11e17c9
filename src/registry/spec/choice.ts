import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { DialectForm } from "../normalise/dialect-forms.ts"
import { meantBy, reportInclusion } from "./fields.ts"
import { type At, isAnnotation, type Reader, wrongType, wrongValue } from "./reading.ts"

/** One key that an object with exactly one key may have. */
export interface Option {
  /** Reads the member; of a dialect form it gives the whole canonical object instead. */
  readonly read: Reader
  readonly form?: DialectForm
}

export type Options = { readonly [key: string]: Option }

export const as = (read: Reader): Option => ({ read })
export const dialect = (form: DialectForm, read: Reader): Option => ({ form, read })

/** A reader of objects with exactly one key (besides annotations) out of a table. */
export const choice =
  (what: string, options: Options): Reader =>
  (raw, at) => {
    if (!isObject(raw)) return wrongType(at, raw, `an object, such as ${exampleOf(options)}`)
    const keys = Object.keys(raw).filter((key) => !isAnnotation(key))
    const [key] = keys
    const option =
      key !== undefined && Object.hasOwn(options, key) && keys.length === 1
        ? options[key]
        : undefined
    if (key === undefined || option === undefined) return refuseKeys(at, { what, options, keys })
    return readOption(raw, at, { key, option })
  }

function refuseKeys(
  at: At,
  { what, options, keys }: { what: string; options: Options; keys: readonly string[] },
): undefined {
  const names = Object.keys(options).filter((name) => options[name]?.form === undefined)
  const [key] = keys
  const meant = key !== undefined && keys.length === 1 ? meantBy(key, names) : undefined
  const received = keys.length === 0 ? "none" : keys.slice(0, 4).map(quoted).join(", ")
  return wrongValue(
    at,
    `${what} has exactly one key, and this has ${received}`,
    meant === undefined ? `one of ${names.join(", ")}` : `did you mean ${meant}?`,
  )
}

const exampleOf = (options: Options) => `{ "${Object.keys(options)[0]}": … }`

const quoted = (key: string) => JSON.stringify(key.slice(0, 64))

function readOption(
  raw: JsonObject,
  at: At,
  { key, option }: { readonly key: string; readonly option: Option },
): JsonObject | undefined {
  const { context } = at.reading
  const out: { [key: string]: Json } = {}
  const pointer = `${at.pointer}/${key}`
  if (option.form !== undefined) context.dialect(option.form, pointer)
  const value = option.read(raw[key] ?? null, { ...at, pointer, holder: out, key })
  if (value === undefined) return
  if (option.form === undefined) out[key] = value
  else if (isObject(value)) adopt(value, { out, at })
  context.origins.set(out, at.pointer)
  carryAnnotations(raw, { out, at })
  return out
}

interface Target {
  readonly out: { [key: string]: Json }
  readonly at: At
}

/** The members of the canonical object that a dialect form stands for, with the places they were written at. */
function adopt(value: JsonObject, { out, at }: Target): void {
  const { origins } = at.reading.context
  for (const [key, member] of Object.entries(value)) {
    out[key] = member
    origins.setMember(out, key, origins.of(value, key))
  }
}

function carryAnnotations(raw: JsonObject, { out, at }: Target): void {
  for (const [key, value] of Object.entries(raw)) {
    if (!isAnnotation(key)) continue
    if (["$ref", "$include", "$import"].includes(key))
      reportInclusion(key, { ...at, pointer: `${at.pointer}/${key}` })
    else out[key] = value
  }
}
