import { isObject, type JsonObject } from "../../schema/json.ts"
import { withoutOurMembers } from "../meta.ts"

/** The key under which a question says which server asks it. */
const serverKey = "dev.postern/server"

/** A question's parameters with who asks it: people must know whom they answer, and no server can say it is another. */
export function signed(given: JsonObject | undefined, server: string): JsonObject {
  const params = withoutOurMembers(given ?? {})
  const meta = params["_meta"]
  return { ...params, _meta: { ...(isObject(meta) && meta), [serverKey]: server } }
}
