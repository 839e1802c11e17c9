import type { Json } from "../../schema/json.ts"
import { opsOver } from "./aggregation.ts"
import { as, choice, dialect } from "./choice.ts"
import { dialectExpression, expression } from "./expression.ts"
import { object, optional, required } from "./fields.ts"
import { path } from "./path.ts"
import type { At, Reader } from "./reading.ts"
import { checkReference, sight } from "./steps.ts"
import { constant } from "./tagged.ts"
import { isList, list, record, text } from "./values.ts"

/** Where a step's input, or any other value of a composition, comes from. */
export function binding(raw: Json, at: At): Json | undefined {
  return anyBinding(raw, at)
}

/** The ops that aggregate an array. */
export const ops: Reader = opsOver(binding)

const atPath = object("a binding", { path: required(path) })

const reference: Reader = (raw, at) => {
  const read = object("a reference", {
    step: { ...required(text), alias: { name: "stepId" } },
    path: optional(path),
  })(raw, at)
  if (typeof read?.["step"] === "string") checkReference(read["step"], at)
  return read
}

/** `{ step: { stepId, path } }` of the variant dialect. */
const stepAsReference: Reader = (raw, at) => {
  const out: { [key: string]: Json } = {}
  const read = reference(raw, { ...at, holder: out, key: "reference" })
  if (read === undefined) return
  out["reference"] = read
  at.reading.context.origins.setMember(out, "reference", at.pointer)
  return at.reading.context.origins.set(out, at.pointer)
}

const coalesce: Reader = (raw, at) => {
  if (isList(raw)) return list(binding)(raw, at)
  at.reading.context.dialect("binding.coalesce", at.pointer)
  return object("coalesce", { paths: required(list(pathOfStepOrInput)) })(raw, at)?.["paths"]
}

/** `$.search.items`, which reads the step `search` where there is one, and the input otherwise. */
const pathOfStepOrInput: Reader = (raw, at) => {
  const read = path(raw, at)
  if (typeof read !== "string") return
  const { origins } = at.reading.context
  const [, step = "", rest = ""] = firstName.exec(read) ?? []
  if (sight(at.steps, step) !== "readable") return origins.set({ path: read }, at.pointer)
  const named = origins.set({ step, path: `$${rest}` }, at.pointer)
  return origins.set({ reference: named }, at.pointer)
}
const firstName = /^\$\.([A-Za-z_]\w*)(.*)$/s

const expressionAsExpr: Reader = (raw, at) => {
  const read = dialectExpression(raw, at)
  if (read === undefined) return
  const out = at.reading.context.origins.set({ expr: read }, at.pointer)
  at.reading.context.origins.setMember(out, "expr", at.pointer)
  return out
}

const pathOrBinding: Reader = (raw, at) =>
  typeof raw === "string" ? path(raw, at) : binding(raw, at)

/** RFC 9535 paths joined to one string; of bindings and mappings alike. */
export const concat: Reader = object("concat", {
  paths: required(list(path)),
  separator: optional(text),
})

const anyBinding = choice("a binding", {
  path: as(path),
  reference: as(reference),
  self: as(atPath),
  item: as(atPath),
  error: as(atPath),
  constant: as(constant),
  construct: as(object("construct", { fields: required(record(binding)) })),
  list: as(list(binding)),
  merge: as(list(binding)),
  coalesce: as(coalesce),
  template: as(
    object("template", { template: required(text), vars: optional(record(pathOrBinding)) }),
  ),
  concat: as(concat),
  each: as(object("each", { in: required(binding), as: required(binding) })),
  ops: as(object("ops", { from: required(binding), ops: required(ops) })),
  expr: as(expression),
  input: dialect("binding.input", atPath),
  step: dialect("binding.step", stepAsReference),
  expression: dialect("binding.expression", expressionAsExpr),
})
