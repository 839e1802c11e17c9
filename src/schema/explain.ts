import type { ErrorObject } from "ajv"
import type { Fault } from "./fault.ts"
import type { JsonObject } from "./json.ts"

export interface Explanation {
  readonly schema: JsonObject
  readonly value: unknown
  readonly secretNames: ReadonlySet<string>
}

export function explain(errors: readonly ErrorObject[], _: Explanation): readonly Fault[] {
  return errors.slice(0, 10).map((error) => ({
    at: error.instancePath,
    keyword: error.keyword,
    expected: error.message ?? error.keyword,
    line: `${error.instancePath || "(whole)"}: ${error.message ?? error.keyword}`,
  }))
}
