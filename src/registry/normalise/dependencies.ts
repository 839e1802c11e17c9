import { isList, type Json } from "../../schema/json.ts"
import type { Dependency } from "../model.ts"
import type { NormaliseContext } from "./context.ts"
import {
  elements,
  present,
  readExtra,
  readText,
  requireText,
  type Written,
  wrongType,
} from "./fields.ts"
import { readVersion } from "./identity.ts"
import { placed } from "./place.ts"

const fields: ReadonlySet<string> = new Set(["type", "name", "version", "skill"])

/** The `depends` that stands at `pointer`; undefined when there is none. Broken elements are reported and left out. */
export function readDependencies(
  raw: Json | undefined,
  pointer: string,
  context: NormaliseContext,
): readonly Dependency[] | undefined {
  if (raw === undefined) return
  if (!isList(raw)) {
    wrongType(context, pointer, raw, "an array")
    return []
  }
  return bounded(raw, pointer, context).flatMap((element) => {
    const dependency = readDependency(element)
    return dependency === undefined ? [] : [dependency]
  })
}

/** The elements of a list of dependencies; none when there are more than the limit allows. */
export function bounded(
  list: readonly Json[],
  pointer: string,
  context: NormaliseContext,
): readonly Written[] {
  if (list.length <= context.dependsMax) return elements(list, pointer, context)
  context.report({
    code: "document_too_large",
    severity: "error",
    pointer,
    message: `${list.length} dependencies are more than the limit of ${context.dependsMax}`,
    hint: "depend on fewer tools, or raise the limit",
  })
  return []
}

function readDependency(from: Written): Dependency | undefined {
  readExtra(from, fields)
  const type = readType(from)
  const name = requireText(from, "name")
  const skill = readText(from, "skill")
  if (type === undefined || name === undefined) return
  const version = readVersion(from, "version", { kind: type, name })
  return placed(from.context, { type, name, ...present({ version, skill }) }, from.pointer)
}

function readType(from: Written): Dependency["type"] | undefined {
  const type = requireText(from, "type", 'add type, "tool" or "agent"')
  if (type === undefined || type === "tool" || type === "agent") return type
  from.context.report({
    code: "invalid_value",
    severity: "error",
    pointer: `${from.pointer}/type`,
    message: `${JSON.stringify(type.slice(0, 64))} is not a type of dependency`,
    hint:
      type === "schema"
        ? "schemas are not depended on: refer to them by $ref"
        : "write tool or agent",
  })
  return
}
