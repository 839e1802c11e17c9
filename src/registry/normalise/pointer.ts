import { isList, isObject, type Json } from "../../schema/json.ts"

/** The keys of a JSON Pointer (RFC 6901), unescaped; none for "". */
export const keysOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

/** The member or element of `node` that a pointer's key names. */
export function step(node: Json | undefined, key: string): Json | undefined {
  if (isList(node)) return node[Number(key)]
  return isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
}
