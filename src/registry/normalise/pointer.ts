import { isList, isObject, type Json } from "../../schema/json.ts"

/** The member or element of `node` that a pointer's key names. */
export function step(node: Json | undefined, key: string): Json | undefined {
  if (isList(node)) return node[Number(key)]
  return isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
}
