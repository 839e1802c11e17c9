import { isList, isObject, type Json } from "../../schema/json.ts"

/** What fits in so many characters, and has nothing inside its parts, stands in one line. */
const lineMax = 80

/** JSON for people: what is short in one line, the rest a line for each part. Further lines begin at `depth` units. */
export function printJson(value: Json, unit: string, depth = 0): string {
  if (!isObject(value) && !isList(value)) return JSON.stringify(value)
  const [open, close] = isList(value) ? ["[", "]"] : ["{", "}"]
  const parts: [label: string, part: Json][] = isList(value)
    ? value.map((part) => ["", part])
    : Object.entries(value).map(([key, part]) => [`${JSON.stringify(key)}: `, part])
  if (parts.length === 0) return open + close
  if (parts.every(([, part]) => !isObject(part) && !isList(part))) {
    const inside = parts.map(([label, part]) => label + JSON.stringify(part)).join(", ")
    const blank = isList(value) ? "" : " "
    if (inside.length <= lineMax) return open + blank + inside + blank + close
  }
  const line = `\n${unit.repeat(depth + 1)}`
  const inside = parts.map(([label, part]) => line + label + printJson(part, unit, depth + 1))
  return `${open}${inside.join(",")}\n${unit.repeat(depth)}${close}`
}
