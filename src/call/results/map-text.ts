import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"

/** What becomes of the parts of a value. */
export interface Change {
  readonly text: (text: string) => string
  /** A number, by its digits; absent: numbers stay. */
  readonly digits?: (digits: string) => Json | undefined
  /** Members that are left alone, at whatever depth. */
  readonly except?: ReadonlySet<string>
}

/** A value with its texts changed, names of members included; the very same where nothing did change. */
export function mapText(value: Json, change: Change): Json {
  if (typeof value === "string") return change.text(value)
  if (typeof value === "number") return change.digits?.(String(value)) ?? value
  if (isList(value)) return mapList(value, change)
  if (!isObject(value)) return value
  const raw = rawDigits(value)
  return raw === undefined ? mapObject(value, change) : (change.digits?.(raw) ?? value)
}

function mapList(list: readonly Json[], change: Change): Json {
  let isChanged = false
  const made = list.map((item) => {
    const mapped = mapText(item, change)
    isChanged ||= mapped !== item
    return mapped
  })
  return isChanged ? made : list
}

function mapObject(object: JsonObject, change: Change): JsonObject {
  let isChanged = false
  const made = Object.entries(object).map(([key, item]) => {
    if (change.except?.has(key)) return [key, item] as const
    const mapped = [change.text(key), mapText(item, change)] as const
    isChanged ||= mapped[0] !== key || mapped[1] !== item
    return mapped
  })
  return isChanged ? Object.fromEntries(made) : object
}

/** Of a number that is carried digit for digit: `JSON.rawJSON` makes an object without a prototype for it. */
function rawDigits(object: JsonObject): string | undefined {
  if (Object.getPrototypeOf(object) !== null) return
  const { rawJSON } = object
  return typeof rawJSON === "string" ? rawJSON : undefined
}
