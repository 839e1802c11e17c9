import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import { callerHint, partsOf } from "../caller-value.ts"
import type { NormaliseContext } from "./context.ts"
import { reportSecrets } from "./secrets.ts"

/** Reports what a tool's `defaults` must not hold: values of a caller that there are not, credentials, and what JSON.parse rounds. */
export function checkDefaults(
  defaults: JsonObject,
  pointer: string,
  context: NormaliseContext,
): void {
  reportSecrets(defaults, pointer, context)
  checkValues(defaults, pointer, context)
}

function checkValues(value: Json, pointer: string, context: NormaliseContext): void {
  if (isList(value)) {
    for (const [index, item] of value.entries())
      checkValues(item, pointer + segment(index), context)
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value))
      checkValues(item, pointer + segment(key), context)
  } else if (typeof value === "string") checkText(value, pointer, context)
  else if (typeof value === "number") checkNumber(value, pointer, context)
}

/** From here on whole numbers are printed with an exponent: nobody counts on their digits. */
const printedInDigits = 1e21

function checkNumber(value: number, pointer: string, { report }: NormaliseContext): void {
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return
  if (Math.abs(value) >= printedInDigits) return
  report({
    code: "default_loses_digits",
    severity: "error",
    pointer,
    message: "a whole number beyond 2^53 - 1 would be sent with other digits than it has here",
    hint: "give it as a string if the tool takes one, or leave it to the caller",
  })
}

function checkText(text: string, pointer: string, { report }: NormaliseContext): void {
  for (const part of partsOf(text)) {
    if (typeof part === "string" || part.of === "environment" || part.value !== undefined) continue
    report({
      code: "caller_value_unknown",
      severity: "error",
      pointer,
      message: `there is no value caller.${part.written.slice(0, 64)}`,
      hint: callerHint(part.written),
    })
  }
}
