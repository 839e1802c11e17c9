import { isObject, type Json } from "../../schema/json.ts"
import { condition, inputCondition } from "./expression.ts"
import { object, required } from "./fields.ts"
import { path } from "./path.ts"
import { memberPointer, type Reader, wrongValue } from "./reading.ts"
import { plainValue, taggedOrPlain } from "./tagged.ts"
import { isList, oneOf } from "./values.ts"

const test = object("a predicate", {
  field: required(path),
  op: required(oneOf("eq", "ne", "gt", "gte", "lt", "lte", "contains", "in")),
  value: required(taggedOrPlain),
})

/** `{ field, op, value }`: registry form of a test on one value. One that no value could pass is refused. */
export const predicate: Reader = (raw, at) => {
  const read = test(raw, at)
  if (!isObject(read) || !isObject(raw)) return read
  const { op, value } = read
  const wanted = typeof op === "string" ? wantedBy(op) : undefined
  if (wanted === undefined || value === undefined || wanted.is(plainValue(value))) return read
  const pointer = memberPointer(at, raw, "value")
  return wrongValue({ ...at, pointer }, `${op} compares with ${wanted.what}`)
}

/** What a test needs to be compared with, where it is not anything. */
function wantedBy(op: string) {
  if (op === "in") return { what: "a list", is: isList }
  if (!["gt", "gte", "lt", "lte"].includes(op)) return
  const is = (value: Json) => typeof value === "number" || typeof value === "string"
  return { what: "a number or a string", is }
}

/** Where a CEL condition may stand instead. */
export const conditionOrPredicate: Reader = (raw, at) =>
  typeof raw === "string" ? condition(raw, at) : predicate(raw, at)

/** The same on arguments, outside of compositions. */
export const onInput: Reader = (raw, at) =>
  typeof raw === "string" ? inputCondition(raw, at) : predicate(raw, at)
