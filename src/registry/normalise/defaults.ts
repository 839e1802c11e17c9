import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import { callerHint, partsOf } from "../caller-value.ts"
import type { NormaliseContext } from "./context.ts"
import { reportSecrets } from "./secrets.ts"

/** Reports what a tool's `defaults` must not hold: values of a caller that there are not, and credentials. */
export function checkDefaults(
  defaults: JsonObject,
  pointer: string,
  context: NormaliseContext,
): void {
  reportSecrets(defaults, pointer, context)
  checkReferences(defaults, pointer, context)
}

function checkReferences(value: Json, pointer: string, context: NormaliseContext): void {
  if (isList(value)) {
    for (const [index, item] of value.entries())
      checkReferences(item, pointer + segment(index), context)
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value))
      checkReferences(item, pointer + segment(key), context)
  } else if (typeof value === "string") checkText(value, pointer, context)
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
