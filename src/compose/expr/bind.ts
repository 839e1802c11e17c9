import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bindCel } from "./bind-condition.ts"
import { bindConcat, bindTemplate } from "./bind-mapping.ts"
import { bindOps } from "./bind-ops.ts"
import { absent, type Expr, type Root } from "./expr.ts"
import { listIn, objectIn, textIn } from "./members.ts"
import { findStep, inside, type Place } from "./place.ts"

/** Bindings inside each other. */
const bindingDepthMax = 16

/** Compiles a binding in canonical spelling (compositions §4) to what it yields in this place. */
export const bind = (binding: Json, place: Place): Expr => bindAt(binding, place, bindingDepthMax)

function bindAt(binding: Json, place: Place, depth: number): Expr {
  if (!isObject(binding)) return absent
  if (depth === 0) return tooDeep(place)
  const name = Object.keys(binding).find((key) => Object.hasOwn(kinds, key))
  const read = name === undefined ? undefined : kinds[name]
  if (name === undefined || read === undefined) return absent
  const bindInner: Bind = (inner, there) => bindAt(inner, there, depth - 1)
  const bound = read(member(binding, name) ?? null, inside(place, name), bindInner)
  if (bound !== absent) place.written?.set(bound, place.pointer)
  return bound
}

function tooDeep({ report, pointer }: Place): Expr {
  report({
    code: "limit_exceeded",
    severity: "error",
    pointer,
    message: `bindings are nested deeper than ${bindingDepthMax} levels (limit bindingDepth)`,
    hint: "compute a part of it in a step of its own",
  })
  return absent
}

type Bind = (binding: Json, place: Place) => Expr
type Read = (written: Json, place: Place, bind: Bind) => Expr

/** A reader of bindings that are objects. */
const of =
  (read: (written: JsonObject, place: Place, bind: Bind) => Expr): Read =>
  (written, place, bindInner) =>
    isObject(written) ? read(written, place, bindInner) : absent

const list = (written: Json, place: Place, bindInner: Bind): readonly Expr[] =>
  Array.isArray(written)
    ? written.map((item: Json, index) => bindInner(item, inside(place, index)))
    : []

const at = (root: Root): Read =>
  of((written) => ({ kind: "path", of: root, path: textIn(written, "path") ?? "$" }))

const kinds: { readonly [name: string]: Read } = {
  path: (written, { input }) => ({ kind: "path", of: input, path: String(written) }),
  reference: of((written, place) => {
    const found = findStep(textIn(written, "step") ?? "", place)
    if (found === undefined) return absent
    return { kind: "step", ...found, path: textIn(written, "path") ?? "$" }
  }),
  self: at("self"),
  item: at("item"),
  error: at("error"),
  constant: (value) => ({ kind: "constant", value }),
  construct: of((written, place, bindInner) => {
    const fields = Object.entries(objectIn(written, "fields") ?? {}).map(
      ([name, field]) => [name, bindInner(field, inside(inside(place, "fields"), name))] as const,
    )
    return { kind: "construct", fields: Object.fromEntries(fields) }
  }),
  list: (written, place, bindInner) => ({ kind: "list", items: list(written, place, bindInner) }),
  merge: (written, place, bindInner) => ({ kind: "merge", parts: list(written, place, bindInner) }),
  coalesce: (written, place, bindInner) => ({
    kind: "coalesce",
    options: list(written, place, bindInner),
  }),
  template: of((written, place, bindInner) =>
    bindTemplate(written, (variable, name) =>
      typeof variable === "string"
        ? { kind: "path", of: place.input, path: variable }
        : bindInner(variable, inside(inside(place, "vars"), name)),
    ),
  ),
  concat: of((written, { input }) => bindConcat(written, input)),
  each: of((written, place, bindInner) => ({
    kind: "each",
    in: bindInner(member(written, "in") ?? null, inside(place, "in")),
    as: bindInner(member(written, "as") ?? null, inside(place, "as")),
  })),
  ops: of((written, place, bindInner) => ({
    kind: "ops",
    from: bindInner(member(written, "from") ?? null, inside(place, "from")),
    ops: bindOps(listIn(written, "ops") ?? [], inside(place, "ops"), bindInner),
  })),
  expr: (written, place) => bindCel(String(written), place),
}
