import * as library from "../../src/index.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { toEnd } from "../../src/registry/load.ts"
import { migrate } from "../../src/registry/migrate.ts"
import type { JsonObject } from "../../src/schema/json.ts"

/** What a program exports that `programOf` wrote. It has no types, so that it is a script but for its first and last words. */
export function exported(program: string): JsonObject {
  const script = program
    .replace(/^import (\{[^}]*\}) from "postern"/, "const $1 = arguments[0]")
    .replace("export default ", "return ")
  return new Function(script)(library)
}

/** A document in canonical form. */
export function canonical(document: string | object): JsonObject {
  const text = typeof document === "string" ? document : JSON.stringify(document)
  const made = toEnd(migrate(text, { limits: defaultLoadLimits }))
  if (made === undefined) throw new Error("the document cannot be read")
  return made
}
