import type { Problem, Severity } from "../../registry/problem.ts"
import type { Fault } from "../../schema/fault.ts"
import { isList, isObject, type Json, keysOf } from "../../schema/json.ts"
import { nearest } from "../../schema/nearest.ts"
import { kinds } from "../../schema/subsume/clauses/kinds.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import { unknown } from "../../schema/types/type.ts"
import type { Expr } from "../expr/expr.ts"
import { type Flow, isCaught, type Spot } from "./flow.ts"
import { isAboutMissing, type Verdict } from "./judge-flow.ts"
import type { Refutation } from "./refute/refute.ts"

/** What finds the place of a part of a plan in the document. */
export type PointerOf = (part: object) => string | undefined

/** What is said of a flow that does not come to a good end for certain. */
export function* flowProblems(
  flow: Flow,
  { missing, refutation }: Verdict,
  { pointerOf, anatomy }: { readonly pointerOf: PointerOf; readonly anatomy: Anatomy },
): Generator<Problem> {
  const names = anatomy.names(flow.part.type)
  if (isWrapped(flow, anatomy)) yield wrapped(flow)
  const { part, at } = flow
  if (part.presence === "never") yield neverThere(flow)
  const mayBeAbsent = part.presence === "maybe" && part.type !== unknown
  if (mayBeAbsent && at.role === "input") yield maybeAbsent(flow)
  if (missing.always.length > 0) yield neverGiven(flow, missing.always, names)
  if (missing.perhaps.length > 0) yield maybeMissing(flow, missing.perhaps, pointerOf)
  if (refutation !== undefined) yield refuted(flow, refutation, pointerOf)
}

/** Never an object, and there is a place for it. */
const isWrapped = ({ part: { type, presence }, into }: Flow, anatomy: Anatomy): boolean =>
  into.wrap !== undefined &&
  presence !== "never" &&
  type !== unknown &&
  (anatomy.kindsOf(type) & kinds.object) === 0

const wrapped = ({ at, into }: Flow): Problem => ({
  code: "wrapped_input",
  severity: "info",
  pointer: at.pointer,
  message: `what ${giverWords(at)} gives is no object: it goes into ${JSON.stringify(into.wrap)} of ${into.name}`,
})

/** Who gives the value, as the subject of a sentence. */
function giverWords({ path, role }: Spot): string {
  const step = `step ${JSON.stringify(path.replace(/(?:!|\/~|\/\?)$/, ""))}`
  switch (role) {
    case "input":
      return step
    case "fallback":
      return `the fallback of ${step}`
    case "undo":
      return `the compensation of ${step}`
    case "probe":
      return `the probe of ${step}`
    case "output":
      return "the composition"
  }
}

const listed = (names: readonly string[]): string => names.map((n) => JSON.stringify(n)).join(", ")

/** What is caught does not end a run. */
const graveFor = (at: Spot): Severity => (isCaught(at) ? "warn" : "error")

const neverThere = ({ at, into }: Flow): Problem => ({
  code: "input_missing_field",
  severity: graveFor(at),
  pointer: at.pointer,
  message: `${giverWords(at)} can never call ${into.name}: its input is always absent`,
  hint: "bind the input to something that is there",
})

const maybeAbsent = ({ at, into }: Flow): Problem => ({
  code: "input_missing_field",
  severity: "warn",
  pointer: at.pointer,
  message: `${giverWords(at)} fails without calling ${into.name} when its input is absent, which may happen`,
  hint: "say with when in which case it runs, or give a coalesce",
})

function neverGiven(
  { at, into }: Flow,
  missing: readonly string[],
  names: readonly string[],
): Problem {
  const [name = ""] = missing
  const near = nearest(
    name,
    names.filter((given) => !missing.includes(given)),
  )
  const bind = `bind ${listed(missing)}`
  const role = at.role === "output"
  return {
    code: role ? "output_mismatch" : "input_missing_field",
    severity: graveFor(at),
    pointer: at.pointer,
    message: role
      ? `the outputSchema requires ${listed(missing)}, which the composition never yields`
      : `${into.name} requires ${listed(missing)}, which ${giverWords(at)} never gives`,
    hint: near === undefined ? bind : `${bind}; ${JSON.stringify(near)} is given instead`,
    data: { missing },
  }
}

function maybeMissing(flow: Flow, missing: readonly string[], pointerOf: PointerOf): Problem {
  const { at, into, expr } = flow
  const [only = "", ...others] = missing
  const isOutput = at.role === "output"
  const pointer = others.length === 0 ? placeIn(expr, [only], pointerOf) : undefined
  return {
    code: isOutput ? "shape_changed" : "input_missing_field",
    severity: "warn",
    pointer: pointer ?? at.pointer,
    message: isOutput
      ? `what is absent is left out and not null, and the outputSchema requires ${listed(missing)}`
      : `${into.name} requires ${listed(missing)}, which may be absent in what ${giverWords(at)} gives`,
    hint: "require it in the schema that it comes from, or give a coalesce with a value instead",
    data: { missing },
  }
}

function refuted(flow: Flow, refutation: Refutation, pointerOf: PointerOf): Problem {
  const { at, into, expr } = flow
  const isOutput = at.role === "output"
  const isMissing = isAboutMissing(refutation)
  const [fault] = refutation.faults
  const lines = refutation.faults.slice(0, faultsMax).map(({ line }) => line)
  const example = `for example ${compact(refutation.value, fault)}`
  return {
    code: codeOf(isOutput, isMissing),
    severity: isMissing ? "warn" : graveFor(at),
    pointer: (fault && placeIn(expr, keysOf(fault.at), pointerOf)) ?? at.pointer,
    message: isOutput
      ? `the composition may yield what its outputSchema does not allow: ${lines.join("; ")} (${example})`
      : `${giverWords(at)} may give ${into.name} what it does not take: ${lines.join("; ")} (${example})`,
    hint: hintFor(fault, isOutput),
    data: dataOf(refutation),
  }
}

const dataMax = 4_000

/** For whoever wants to see for himself: what is refused, and what it was made of. */
function dataOf({ value, given }: Refutation): NonNullable<Problem["data"]> {
  const data = { counterexample: value, given: Object.fromEntries(given) }
  return JSON.stringify(data).length <= dataMax ? data : { counterexample: shown(value) }
}

const faultsMax = 3

function codeOf(isOutput: boolean, isMissing: boolean): string {
  if (isMissing) return isOutput ? "shape_changed" : "input_missing_field"
  return isOutput ? "output_mismatch" : "input_mismatch"
}

function hintFor(fault: Fault | undefined, isOutput: boolean): string {
  const isArray = fault?.received !== undefined && /^(?:an? [a-z]* ?)?array/.test(fault.received)
  if (isArray && fault?.keyword === "type")
    return "a path with [*] or .. is an array, also of one hit; [0] names the first"
  return isOutput
    ? "change the output, or the outputSchema"
    : "change the binding, or say in the schema that the value comes from that this cannot be"
}

/** The part of an expression that makes this part of its value, where it was written. */
function placeIn(expr: Expr, keys: readonly string[], pointerOf: PointerOf): string | undefined {
  const [key, ...rest] = keys
  const own = pointerOf(expr)
  if (expr.kind === "over") return placeIn(expr.as, keys, pointerOf) ?? own
  if (key === undefined) return own
  if (expr.kind === "construct" && Object.hasOwn(expr.fields, key)) {
    const field = expr.fields[key]
    return (field && placeIn(field, rest, pointerOf)) ?? own
  }
  if (expr.kind === "list") {
    const item = expr.items[Number(key)]
    return (item && placeIn(item, rest, pointerOf)) ?? own
  }
  if (expr.kind === "each" && /^\d+$/.test(key)) return placeIn(expr.as, rest, pointerOf) ?? own
  return own
}

const compactMax = 200
const textMax = 48

/** On one line; of what is too large, only the part that is wrong. */
function compact(value: Json, fault: Fault | undefined): string {
  const text = JSON.stringify(shown(value))
  if (text.length <= compactMax) return text
  const keys = fault === undefined ? [] : keysOf(fault.at)
  const part = JSON.stringify(only(shown(value), keys))
  return part.length <= compactMax ? part : `${part.slice(0, compactMax)}…`
}

/** Nothing but what leads to one part. */
function only(value: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined) return value
  if (isList(value)) return [only(value[Number(key)] ?? null, rest)]
  if (!isObject(value) || !Object.hasOwn(value, key)) return value
  return Object.fromEntries([[key, only(value[key] ?? null, rest)]])
}

/** With long texts cut. */
function shown(value: Json): Json {
  if (typeof value === "string")
    return value.length > textMax ? `${value.slice(0, textMax)}…` : value
  if (isList(value)) return value.map(shown)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, shown(held)]))
}
