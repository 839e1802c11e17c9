import { isObject, type JsonSchema, member } from "./json.ts"

export type Dialect = "2020-12" | "2019-09" | "draft-07"

/** What `$schema` may say, without the scheme and a trailing `#`. Draft-06 differs from 07 in nothing that we check. */
const dialects: ReadonlyMap<string, Dialect> = new Map([
  ["json-schema.org/draft/2020-12/schema", "2020-12"],
  ["json-schema.org/draft/2019-09/schema", "2019-09"],
  ["json-schema.org/draft-07/schema", "draft-07"],
  ["json-schema.org/draft-06/schema", "draft-07"],
])

/** The dialect of a schema: 2020-12 where it names none, undefined where it names one that is not supported. */
export function dialectOf(schema: JsonSchema): Dialect | undefined {
  const uri = isObject(schema) ? member(schema, "$schema") : undefined
  if (uri === undefined) return "2020-12"
  return typeof uri === "string" ? dialects.get(bareUri(uri)) : undefined
}

/** Whether two values of `$schema` name one dialect, however they spell it. */
export const isSameDialect = (left: string, right: string): boolean =>
  bareUri(left) === bareUri(right)

const bareUri = (uri: string) => uri.replace(/^https?:\/\//, "").replace(/#$/, "")
