import type { ErrorObject } from "ajv"
import type { Fault } from "../fault.ts"
import { isObject, type Json, segment } from "../json.ts"
import { type Context, mismatch } from "./context.ts"
import { typeNames } from "./describe.ts"
import { enumHint, typeHint } from "./hints.ts"
import { applied, valueAt } from "./landscape.ts"
import { missing } from "./members.ts"
import { type Misfit, nameIn } from "./misfit.ts"
import { firstValues, oneOf } from "./values.ts"

/**
 * What to say of a value that fits no branch: one line where all branches ask for another type, or for another value of
 * one field that tells them apart; else the errors of the branch that was probably meant.
 */
export function sayBranches(misfit: Misfit, context: Context): Fault | readonly Misfit[] {
  const branches = misfit.branches.filter((branch) => branch.length > 0)
  if (branches.length === 0) return noBranch(misfit, context)
  return (
    sayKinds(misfit, branches, context) ??
    sayDiscriminator(misfit, branches, context) ??
    best(misfit, branches, context)
  )
}

type Branches = readonly (readonly Misfit[])[]

const noBranch = ({ error: { instancePath: at, keyword } }: Misfit, context: Context): Fault =>
  mismatch({ at, keyword, expected: "a value that fits one of its forms" }, context)

/** Every branch refuses the value for what it is, whatever is in it. */
function sayKinds({ error }: Misfit, branches: Branches, context: Context): Fault | undefined {
  const { instancePath: at, keyword } = error
  const errors = branches.flat().map((misfit) => misfit.error)
  const isKind = (inner: ErrorObject) =>
    inner.instancePath === at && (inner.keyword === "type" || valuesOf(inner) !== undefined)
  if (!errors.every(isKind) || branches.some((branch) => branch.length !== 1)) return
  const value = valueAt(context.value, at)
  const values = errors.flatMap((inner) => valuesOf(inner) ?? [])
  const types = [...new Set(errors.flatMap((inner) => typesOf(inner)))].join(" or ")
  if (types === "") {
    const hint = enumHint(values, value)
    return mismatch(
      { at, keyword, expected: oneOf(values), allowed: firstValues(values), hint },
      context,
    )
  }
  const expected = values.length === 0 ? types : `${oneOf(values)} or ${types}`
  return mismatch(
    { at, keyword, expected, hint: typeHint(types, value), receives: "type" },
    context,
  )
}

const typesOf = ({ keyword, params }: ErrorObject) =>
  keyword === "type" ? typeNames(params["type"]).split(" or ") : []

function valuesOf({ keyword, params }: ErrorObject): readonly Json[] | undefined {
  if (keyword === "enum") return params["allowedValues"]
  return keyword === "const" ? [params["allowedValue"] ?? null] : undefined
}

/** A field whose value every branch refuses, or misses: what it may be is all that is worth saying. */
function sayDiscriminator(misfit: Misfit, branches: Branches, context: Context): Fault | undefined {
  const { instancePath, keyword } = misfit.error
  for (const key of candidateKeys(misfit, context)) {
    const at = instancePath + segment(key)
    const wrong = branches.map((branch) => branch.find(({ error }) => isValueAt(error, at)))
    if (!wrong.includes(undefined)) {
      const values = wrong.flatMap((found) => (found && valuesOf(found.error)) ?? [])
      const hint = enumHint(values, valueAt(context.value, at))
      return mismatch(
        { at, keyword, expected: oneOf(values), allowed: firstValues(values), hint },
        context,
      )
    }
    const absent = branches.map((branch) => branch.find(({ error }) => nameIn(error) === key))
    const [first] = absent
    const values = tellingValues(misfit, key, context)
    if (first !== undefined && !absent.includes(undefined) && values.length > 0)
      return { ...missing(first.error, context, oneOf(values)), allowed: firstValues(values) }
  }
  return
}

const isValueAt = (error: ErrorObject, at: string) =>
  error.instancePath === at && valuesOf(error) !== undefined

/** Fields that the branches give fixed values. */
function candidateKeys(misfit: Misfit, context: Context): ReadonlySet<string> {
  const keys = branchNodes(misfit, context).flatMap((index) => [
    ...(context.landscape.graph.nodes[index]?.properties.keys() ?? []),
  ])
  return new Set(keys.filter((key) => tellingValues(misfit, key, context).length > 0))
}

function tellingValues(misfit: Misfit, key: string, context: Context): readonly Json[] {
  const { nodes } = context.landscape.graph
  return branchNodes(misfit, context).flatMap((index) => {
    const child = nodes[index]?.properties.get(key)
    const schemas = child === undefined ? [] : [...applied(context.landscape, [child])]
    return schemas.flatMap((inner) => fixedValues(nodes[inner]?.schema))
  })
}

function fixedValues(schema: Json | undefined): readonly Json[] {
  if (!isObject(schema)) return []
  if (schema["const"] !== undefined) return [schema["const"]]
  return Array.isArray(schema["enum"]) ? schema["enum"] : []
}

/** The schemas that the branches apply to the value. */
function branchNodes({ error }: Misfit, { landscape }: Context): readonly number[] {
  const branches: readonly unknown[] = Array.isArray(error.schema) ? error.schema : []
  const roots = branches.flatMap((branch) => landscape.byObject.get(branch) ?? [])
  return [...applied(landscape, roots)]
}

/**
 * The errors of the branch that comes nearest. One that wants another type comes last: of an object and null, an object
 * with a mistake in it was meant to be an object.
 */
function best({ error }: Misfit, branches: Branches, context: Context): readonly Misfit[] {
  const value = valueAt(context.value, error.instancePath)
  const scored = branches.map((branch) => ({ branch, score: scoreOf(branch, error, value) }))
  scored.sort((left, right) => compare(left.score, right.score))
  return scored[0]?.branch ?? []
}

type Score = readonly [wrongKind: number, wrongValues: number, errors: number]

function scoreOf(branch: readonly Misfit[], { instancePath }: ErrorObject, value: unknown): Score {
  const errors = branch.map((misfit) => misfit.error)
  const wrongKinds = errors.filter(
    (inner) => inner.instancePath === instancePath && isOfOtherKind(inner, value),
  )
  const wrongValues = errors.filter((inner) => valuesOf(inner) !== undefined)
  return [wrongKinds.length, wrongValues.length, errors.length]
}

function isOfOtherKind(error: ErrorObject, value: unknown): boolean {
  if (error.keyword === "type") return true
  const values = valuesOf(error)
  return values?.every((allowed) => kindOf(allowed) !== kindOf(value)) ?? false
}

const kindOf = (value: unknown) => {
  if (value === null) return "null"
  return Array.isArray(value) ? "array" : typeof value
}

const compare = (left: Score, right: Score): number =>
  left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
