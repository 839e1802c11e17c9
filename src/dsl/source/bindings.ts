import type { Json, JsonObject } from "../../registry/model.ts"
import { type Code, call, data, list, object, text } from "./code.ts"
import { isObject, listOf } from "./entities.ts"
import { pathCode, type Scope } from "./scope.ts"

type Write = (value: Json, scope: Scope) => Code | undefined

/** A binding as a value of the builder; as it is written where the builder has no words for it. */
export function bindingCode(binding: Json, scope: Scope): Code {
  const code = isObject(binding) ? knownBinding(binding, scope) : undefined
  return code ?? call(scope.entities.use("asWritten"), data(binding))
}

/** The members of an object of which only these are known; undefined where there are others. */
function only(value: Json, names: readonly string[]): JsonObject | undefined {
  if (!isObject(value)) return
  return Object.keys(value).every((key) => names.includes(key)) ? value : undefined
}

function knownBinding(binding: JsonObject, scope: Scope): Code | undefined {
  const [[key, value] = [], ...others] = Object.entries(binding)
  if (key === undefined || value === undefined || others.length > 0) return
  return Object.hasOwn(bindings, key) ? bindings[key]?.(value, scope) : undefined
}

const bindings: { readonly [key: string]: Write } = {
  path(value, scope) {
    if (typeof value !== "string") return
    scope.onInput()
    return value === "$" ? "input" : pathCode(scope, "input", value, scope.input)
  },
  reference(value, scope) {
    const { step, path } = only(value, ["step", "path"]) ?? {}
    const handle = scope.handles.findLast(({ id }) => id === step)
    if (handle === undefined || (path !== undefined && typeof path !== "string")) return
    handle.isUsed = true
    return path === undefined
      ? handle.variable
      : pathCode(scope, handle.variable, path, handle.schema)
  },
  self: rootedAt("self"),
  item: rootedAt("item"),
  error: rootedAt("error"),
  constant: (value, { entities }) =>
    typeof value === "object" && value !== null
      ? call(entities.use("constant"), data(value))
      : JSON.stringify(value),
  construct(value, scope) {
    const { fields } = only(value, ["fields"]) ?? {}
    if (!isObject(fields)) return
    const members = Object.entries(fields)
    return object(members.map(([key, each]) => ({ key, value: bindingCode(each, scope) })))
  },
  list: (value, scope) => list(listOf(value).map((each) => bindingCode(each, scope))),
  merge: callWithEach("merge"),
  coalesce: callWithEach("coalesce"),
  template(value, scope) {
    const { template, vars } = only(value, ["template", "vars"]) ?? {}
    if (typeof template !== "string" || (vars !== undefined && !isObject(vars))) return
    const named = Object.entries(vars ?? {}).map(([key, each]) => ({
      key,
      value: typeof each === "string" ? text(each) : bindingCode(each, scope),
    }))
    return call(scope.entities.use("template"), text(template), ...(vars ? [object(named)] : []))
  },
  concat(value, scope) {
    const { paths, separator } = only(value, ["paths", "separator"]) ?? {}
    if (paths === undefined) return
    const given = [paths, ...(separator === undefined ? [] : [separator])]
    return call(scope.entities.use("concat"), ...given.map((each) => data(each)))
  },
  each(value, scope) {
    const { in: from, as } = only(value, ["in", "as"]) ?? {}
    if (from === undefined || as === undefined) return
    return call(scope.entities.use("eachOf"), bindingCode(from, scope), bindingCode(as, scope))
  },
  ops(value, scope) {
    const { from, ops } = only(value, ["from", "ops"]) ?? {}
    if (from === undefined || ops === undefined) return
    return call(scope.entities.use("ops"), bindingCode(from, scope), opsCode(ops, scope))
  },
  expr: (value, { entities }) =>
    typeof value === "string" ? `${entities.use("cel")}\`${quoted(value)}\`` : undefined,
}

function rootedAt(root: "self" | "item" | "error"): Write {
  return (value, scope) => {
    const { path } = only(value, ["path"]) ?? {}
    if (typeof path !== "string") return
    const whole = scope.entities.use(root)
    return path === "$" ? whole : call(scope.entities.use("at"), whole, text(path))
  }
}

function callWithEach(name: "merge" | "coalesce"): Write {
  return (value, scope) =>
    call(scope.entities.use(name), ...listOf(value).map((each) => bindingCode(each, scope)))
}

const quoted = (value: string) => value.replace(/[`\\]|\$(?=\{)/g, "\\$&")

/** Ops, one of which holds a binding. */
export const opsCode = (ops: Json, scope: Scope): Code =>
  list(
    listOf(ops).map((op) =>
      data(op, (value) => {
        const vectors = isObject(value) ? value["vectors"] : undefined
        if (!isObject(value) || vectors === undefined || value !== dedupeOf(op)) return
        return object(
          Object.entries(value).map(([key, each]) => ({
            key,
            value: key === "vectors" ? bindingCode(vectors, scope) : data(each),
          })),
        )
      }),
    ),
  )

const dedupeOf = (op: Json) => (isObject(op) ? op["dedupe"] : undefined)
