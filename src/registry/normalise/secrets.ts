import { isList, isObject, type Json, segment } from "../../schema/json.ts"
import { secretNames } from "../secret-names.ts"
import type { NormaliseContext } from "./context.ts"

const isSecretName = (key: string) => secretNames.has(key.toLowerCase().replace(/[-_]/g, ""))

/** Reports the literals in `defaults` that look like credentials, at any depth. */
export function reportSecrets(defaults: Json, pointer: string, context: NormaliseContext): void {
  if (isList(defaults)) {
    for (const [index, item] of defaults.entries())
      reportSecrets(item, `${pointer}/${index}`, context)
    return
  }
  if (!isObject(defaults)) return
  for (const [key, value] of Object.entries(defaults)) {
    const at = pointer + segment(key)
    if (isSecretName(key)) reportLiterals(value, at, context)
    else reportSecrets(value, at, context)
  }
}

/** Reports what is written out at or below `pointer`, where a credential is expected. */
export function reportLiterals(value: Json, pointer: string, context: NormaliseContext): void {
  if (isList(value)) {
    for (const [index, item] of value.entries())
      reportLiterals(item, `${pointer}/${index}`, context)
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value))
      reportLiterals(item, pointer + segment(key), context)
  } else if (isLiteral(value))
    context.report({
      code: "secret_in_document",
      severity: "warn",
      pointer,
      message: "a secret seems to be written out here",
      hint: "write ${NAME} and set NAME in the gateway's environment",
    })
}

const isLiteral = (value: Json) =>
  typeof value === "number" || (typeof value === "string" && value !== "" && !value.includes("${"))
