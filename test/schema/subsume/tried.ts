import { createCompiler } from "../../../src/schema/compile/compiler.ts"
import { checkSchema } from "../../../src/schema/guard.ts"
import { isObject, type Json, type JsonSchema } from "../../../src/schema/json.ts"

const compiler = createCompiler("first")

/**
 * What our validators answer, without the words for it, which cost most of their time: `crash` for what they cannot
 * check, which is refused as any misfit is.
 */
export function validatorOf(schema: JsonSchema): (value: Json) => boolean | "crash" {
  if (!isObject(schema)) return () => schema
  const check = checkSchema(schema)
  if (check.verdict === "refused") throw new Error("refused schemas are not tried")
  const { validate } = compiler.compile(schema, check.dialect, { isApart: check.hasNames })
  return (value) => {
    try {
      return validate(value) === true
    } catch (error) {
      if (error instanceof TypeError) return "crash"
      throw error
    }
  }
}
