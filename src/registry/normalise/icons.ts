import type { JsonObject } from "../../schema/json.ts"
import { isIcon } from "../icons.ts"
import { readList, type Written } from "./fields.ts"

/** The `icons` of a tool or a provision; what is no icon is reported and left out. */
export function readIcons(from: Written): readonly JsonObject[] | undefined {
  return readList(from, "icons")?.filter((icon, index): icon is JsonObject => {
    if (isIcon(icon)) return true
    from.context.report({
      code: "invalid_value",
      severity: "error",
      pointer: `${from.pointer}/icons/${index}`,
      message: "an icon is an object whose src is an https: or http: address, or a data:image/ URI",
    })
    return false
  })
}
