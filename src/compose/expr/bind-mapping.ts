import { plainValue } from "../../registry/spec/tagged.ts"
import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { cutTemplate } from "../text.ts"
import { absent, type Expr, type Root } from "./expr.ts"
import { objectIn, textIn, textsIn } from "./members.ts"

/** Compiles `{ mappings }` (registry-document §8.5) to the object that it makes of what stands at `of`. */
export function bindMapping(transform: JsonObject, of: Root): Expr {
  const fields = Object.entries(objectIn(transform, "mappings") ?? {})
  return {
    kind: "construct",
    fields: Object.fromEntries(fields.map(([name, source]) => [name, bindSource(source, of)])),
  }
}

const at = (of: Root, path: string): Expr => ({ kind: "path", of, path })

function bindSource(source: Json, of: Root): Expr {
  if (!isObject(source)) return absent
  const nested = objectIn(source, "nested")
  const path = textIn(source, "path")
  if (path !== undefined && nested !== undefined)
    return { kind: "each", in: at(of, path), as: bindMapping(nested, "item"), orOne: true }
  if (path !== undefined) return at(of, path)
  if (nested !== undefined) return bindMapping(nested, of)
  const literal = member(source, "literal")
  return literal === undefined
    ? bindComposed(source, of)
    : { kind: "constant", value: plainValue(literal) }
}

function bindComposed(source: JsonObject, of: Root): Expr {
  const coalesce = objectIn(source, "coalesce")
  if (coalesce !== undefined)
    return { kind: "coalesce", options: textsIn(coalesce, "paths").map((path) => at(of, path)) }
  const concat = objectIn(source, "concat")
  if (concat !== undefined) return bindConcat(concat, of)
  const template = objectIn(source, "template")
  return template === undefined
    ? absent
    : bindTemplate(template, (path) => (typeof path === "string" ? at(of, path) : absent))
}

/** `{ paths, separator? }`, of mappings and bindings alike. */
export const bindConcat = (concat: JsonObject, of: Root): Expr => ({
  kind: "concat",
  parts: textsIn(concat, "paths").map((path) => at(of, path)),
  separator: textIn(concat, "separator") ?? "",
})

/** `{ template, vars? }`, of mappings and bindings alike. */
export function bindTemplate(
  template: JsonObject,
  bindVariable: (variable: Json, name: string) => Expr,
): Expr {
  const written = objectIn(template, "vars") ?? {}
  const vars = Object.entries(written).map(([name, value]) => [name, bindVariable(value, name)])
  const text = textIn(template, "template") ?? ""
  const parts = cutTemplate(text, (name) => Object.hasOwn(written, name))
  return { kind: "template", parts, vars: Object.fromEntries(vars) }
}
