import type { ErrorObject } from "ajv"
import type { Fault } from "../fault.ts"
import { isObject, keysOf, segment } from "../json.ts"
import { nearest } from "../nearest.ts"
import type { Context } from "./context.ts"
import { describe } from "./describe.ts"
import { sentInstead } from "./hints.ts"
import { applied, appliedBelow, schemaOf, valueAt } from "./landscape.ts"
import { nameIn } from "./misfit.ts"
import { place } from "./place.ts"
import { cut } from "./received.ts"

const namesMax = 20

/** `/id: required, missing, expected string (uuid) (you sent "ident")` */
export function missing(error: ErrorObject, context: Context, expected?: string): Fault {
  const { landscape } = context
  const name = nameIn(error) ?? ""
  const at = error.instancePath + segment(name)
  const known = knownNames(error, context)
  const sent = valueAt(context.value, error.instancePath)
  const unknown = isObject(sent) ? Object.keys(sent).filter((key) => !known.has(key)) : []
  const child = known.get(name)
  const what = expected ?? describe(landscape, child)
  const near = sentInstead(name, unknown)
  const hint = near === undefined ? undefined : `you sent ${cut(JSON.stringify(near))}`
  const trigger: unknown = error.params["property"]
  const need = typeof trigger === "string" ? `required with ${JSON.stringify(trigger)}` : "required"
  return {
    at,
    keyword: error.keyword,
    expected: what,
    ...(hint !== undefined && { hint }),
    line: `${place(at)}: ${need}, missing, expected ${what}${hint === undefined ? "" : ` (${hint})`}`,
  }
}

/** `/limt: not allowed, did you mean "limit"?` */
export function extra(error: ErrorObject, context: Context): Fault {
  const name = nameIn(error) ?? ""
  const at = error.instancePath + segment(name)
  const names = [...knownNames(error, context).keys()]
  const near = nearest(name, names)
  const hint = near === undefined ? listOf(names) : `did you mean ${JSON.stringify(near)}?`
  return {
    at,
    keyword: error.keyword,
    expected: "no such field",
    hint,
    line: `${place(at)}: not allowed, ${hint}`,
  }
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return "no fields are known here"
  const shown = names.slice(0, namesMax).map((name) => cut(JSON.stringify(name)))
  const rest = names.length - shown.length
  return `known: ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`
}

/**
 * The properties that the schemas of this place name, each with a schema for it. `additionalProperties` looks at those
 * beside it only.
 */
function knownNames(error: ErrorObject, { landscape }: Context): Map<string, number> {
  const own = schemaOf(landscape, error)
  const isOwn = error.keyword === "additionalProperties"
  const around = isOwn
    ? [own]
    : [...applied(landscape, [own]), ...appliedBelow(landscape, [0], keysOf(error.instancePath))]
  const names = new Map<string, number>()
  for (const index of around)
    for (const [name, child] of landscape.graph.nodes[index]?.properties ?? [])
      if (!names.has(name)) names.set(name, child)
  return names
}
