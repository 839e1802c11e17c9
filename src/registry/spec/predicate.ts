import { condition, inputCondition } from "./expression.ts"
import { object, required } from "./fields.ts"
import { path } from "./path.ts"
import type { Reader } from "./reading.ts"
import { taggedOrPlain } from "./tagged.ts"
import { oneOf } from "./values.ts"

/** `{ field, op, value }`: registry form of a test on one value. */
export const predicate: Reader = object("a predicate", {
  field: required(path),
  op: required(oneOf("eq", "ne", "gt", "gte", "lt", "lte", "contains", "in")),
  value: required(taggedOrPlain),
})

/** Where a CEL condition may stand instead. */
export const conditionOrPredicate: Reader = (raw, at) =>
  typeof raw === "string" ? condition(raw, at) : predicate(raw, at)

/** The same on arguments, outside of compositions. */
export const onInput: Reader = (raw, at) =>
  typeof raw === "string" ? inputCondition(raw, at) : predicate(raw, at)
