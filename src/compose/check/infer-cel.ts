import { expressionEnvironment } from "../../registry/spec/expression-environment.ts"
import {
  arrayOf,
  booleanType,
  constantType,
  integerType,
  numberType,
  objectType,
  type Part,
  type Type,
  textType,
  unknown,
} from "../../schema/types/type.ts"

const types: ReadonlyMap<string, Type> = new Map([
  ["bool", booleanType],
  ["string", textType],
  ["int", integerType],
  ["uint", integerType],
  ["double", numberType],
  ["null", constantType(null)],
])

/** What an expression yields, as far as CEL tells; it never yields nothing. */
export function inferCel(source: string): Part {
  const { valid, type } = expressionEnvironment.check(source)
  return { type: (valid && type !== undefined && typeNamed(type)) || unknown, presence: "always" }
}

function typeNamed(type: string): Type | undefined {
  if (type.startsWith("list")) return arrayOf(unknown)
  return type.startsWith("map") ? objectType : types.get(type)
}
