import { isObject, type Json, type JsonObject, type JsonSchema, keysOf } from "../../schema/json.ts"
import { versionProblem } from "../version.ts"
import type { NormaliseContext } from "./context.ts"
import { readExtra, requireText, wrongType } from "./fields.ts"
import { checkVersion } from "./identity.ts"
import { step } from "./pointer.ts"
import { readPointerRef, readRegistryRef, writeRegistryRef } from "./registry-ref.ts"
import { respellRefs, schemaPositions } from "./schema-walk.ts"

/** A schema in canonical spelling, and where it was written. */
export interface SchemaRead {
  readonly schema: JsonSchema
  readonly pointer: string
}

/** Reads what stands at a schema position: a JSON Schema, or one of the dialect's three ways to refer to one. */
export function readSchema(
  raw: Json | undefined,
  pointer: string,
  context: NormaliseContext,
): SchemaRead | undefined {
  if (raw === undefined) return
  if (typeof raw === "boolean") return { schema: raw, pointer }
  if (!isObject(raw)) {
    wrongType(context, pointer, raw, "a JSON Schema (an object, true or false)")
    return
  }
  const only = onlyKey(raw)
  if (only === "ref") return readRef(raw["ref"] ?? null, pointer, context)
  if (only === "inline") {
    context.dialect("schema.inline", pointer)
    return readSchema(raw["inline"], `${pointer}/inline`, context)
  }
  if (raw["type"] === "schema") return readTypedRef(raw, pointer, context)
  return { schema: spellRefs(raw, pointer, context), pointer }
}

const onlyKey = (raw: JsonObject) => {
  const [key, ...more] = Object.keys(raw)
  return more.length === 0 ? key : undefined
}

function readRef(ref: Json, pointer: string, context: NormaliseContext): SchemaRead | undefined {
  context.dialect("schema.ref", pointer)
  if (typeof ref === "string") return { schema: referTo(ref, `${pointer}/ref`, context), pointer }
  wrongType(context, `${pointer}/ref`, ref, "a string")
  return
}

/** The schema `{$ref}` for a reference that is written as a bare string at `pointer`. */
export function referTo(ref: string, pointer: string, context: NormaliseContext): JsonObject {
  const schema = { $ref: checkRef(ref, pointer, true, context) }
  context.origins.setMember(schema, "$ref", pointer)
  return schema
}

const typedRefFields: ReadonlySet<string> = new Set(["type", "name", "version"])

function readTypedRef(
  raw: JsonObject,
  pointer: string,
  context: NormaliseContext,
): SchemaRead | undefined {
  const from = { raw, pointer, context }
  context.dialect("schema.typed-ref", pointer)
  readExtra(from, typedRefFields)
  const name = requireText(from, "name")
  if (name === undefined) return
  const of = { kind: "schema", name } as const
  const version = checkVersion(raw["version"], `${pointer}/version`, of, context)
  const schema = { $ref: writeRegistryRef({ name, version, tail: "" }) }
  context.origins.setMember(schema, "$ref", pointer)
  return { schema, pointer }
}

/** Checks the versions in the references of `schema` and brings them into canonical spelling. */
function spellRefs(schema: JsonObject, pointer: string, context: NormaliseContext): JsonObject {
  let isDialect = false
  for (const { object, pointer: at } of schemaPositions(schema, pointer, context.origins)) {
    const ref = object["$ref"]
    if (typeof ref !== "string") wrongType(context, at, ref ?? null, "a string")
    else if (checkRef(ref, at, !isLocal(schema, ref), context) !== ref) isDialect = true
  }
  if (!isDialect) return schema
  const spelled = respellRefs(schema, (ref) => (isLocal(schema, ref) ? ref : spell(ref, context)))
  return isObject(spelled) ? spelled : schema
}

/** The reference in canonical spelling. Reports its version, and the dialect's spelling. */
function checkRef(
  ref: string,
  pointer: string,
  mayBeDialect: boolean,
  context: NormaliseContext,
): string {
  const spelled = mayBeDialect ? spell(ref, context) : ref
  if (spelled !== ref) context.dialect("ref.pointer", pointer)
  const target = readRegistryRef(spelled)
  if (target?.version === undefined) return spelled
  const registered = () => context.versionsOf("schema", target.name)
  const problem = versionProblem(target.version, pointer, registered)
  if (problem !== undefined) context.report(problem)
  return spelled
}

function spell(ref: string, context: NormaliseContext): string {
  const isRegistered = (name: string) => context.isRegistered("schema", name)
  const target = readPointerRef(ref, isRegistered)
  return target === undefined ? ref : writeRegistryRef(target)
}

/** Whether the fragment of `ref` is a pointer to something that exists in `schema`. */
const isLocal = (schema: JsonObject, ref: string): boolean =>
  ref.startsWith("#/") && keysOf(ref.slice(1)).reduce<Json | undefined>(step, schema) !== undefined
