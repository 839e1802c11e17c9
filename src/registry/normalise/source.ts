import { isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import type { ToolSource } from "../model.ts"
import { reportConflict } from "./conflict.ts"
import { checkDefaults } from "./defaults.ts"
import {
  has,
  present,
  read,
  readExtra,
  readObject,
  readText,
  readTexts,
  reportMissing,
  requireText,
  type Written,
  wrongType,
} from "./fields.ts"
import { readVersion } from "./identity.ts"
import { sameJson } from "./same-json.ts"

const fields: ReadonlySet<string> = new Set(
  "server target serverVersion tool defaults hideFields idempotency".split(" "),
)

/**
 * A tool's `source`, which stands at `pointer`. `tool` may hold `defaults` and `hideFields` that belong into it.
 * Undefined when what must be there is not, which is reported.
 */
export function readSource(raw: Json, pointer: string, tool: Written): ToolSource | undefined {
  const { context } = tool
  if (!isObject(raw)) {
    wrongType(context, pointer, raw, "an object", 'write {"server": "…", "tool": "…"}')
    return
  }
  const from: Written = { raw, pointer, context }
  const extra = readExtra(from, fields)
  const server = readServerName(from)
  const name = requireText(from, "tool", "add tool, the tool's name on the server")
  const defaults = readDefaults(from, tool)
  const hideFields = readHideFields(from, tool)
  if (server === undefined || name === undefined) return
  const source: ToolSource = {
    server: server.name,
    ...present({
      serverVersion: readVersion(from, "serverVersion", { kind: "server", name: server.name }),
    }),
    tool: name,
    ...present({
      defaults: defaults?.value,
      hideFields: hideFields?.value,
      idempotency: readObject(from, "idempotency"),
    }),
    extra,
  }
  context.origins.set(source, pointer)
  if (server.key === "target") {
    context.spelledTarget.add(source)
    context.origins.setMember(source, "server", `${pointer}/target`)
  }
  if (defaults?.pointer) context.origins.setMember(source, "defaults", defaults.pointer)
  if (hideFields?.pointer) context.origins.setMember(source, "hideFields", hideFields.pointer)
  return source
}

function readServerName(
  from: Written,
): { readonly name: string; readonly key: "server" | "target" } | undefined {
  if (has(from, "target")) from.context.dialect("source.target", `${from.pointer}/target`)
  const server = readText(from, "server")
  const target = readText(from, "target")
  if (server !== undefined && target !== undefined && server !== target)
    reportConflict(from, `server is ${server} and target is ${target}`, "keep server")
  if (server !== undefined) return { name: server, key: "server" }
  if (target !== undefined) return { name: target, key: "target" }
  if (!has(from, "server") && !has(from, "target")) reportMissing(from, "server")
  return
}

/** A member of the source; `pointer` where it is not written in the source itself. */
interface Found<T> {
  readonly value: T
  readonly pointer?: string
}

function readDefaults(from: Written, tool: Written): Found<JsonObject> | undefined {
  const own = readObject(from, "defaults")
  if (own !== undefined) checkDefaults(own, `${from.pointer}/defaults`, from.context)
  const outer = readOuter(tool, "defaults", readObject)
  if (outer === undefined) return own && { value: own }
  checkDefaults(outer.value, outer.pointer, tool.context)
  if (own === undefined) return outer
  for (const key of Object.keys(outer.value)) {
    if (Object.hasOwn(own, key) && !sameJson(own[key], outer.value[key]))
      reportConflict(tool, `defaults.${key} differs from the source's`, "keep the source's")
  }
  return { value: merged(outer.value, own, tool, outer.pointer) }
}

function merged(outer: JsonObject, own: JsonObject, tool: Written, pointer: string): JsonObject {
  const both = { ...outer, ...own }
  for (const key of Object.keys(both))
    if (!Object.hasOwn(own, key)) tool.context.origins.setMember(both, key, pointer + segment(key))
  return both
}

function readHideFields(from: Written, tool: Written): Found<readonly string[]> | undefined {
  const own = readTexts(from, "hideFields")
  const outer = readOuter(tool, "hideFields", readTexts)
  if (outer === undefined) return own && { value: own }
  if (own === undefined) return outer
  if (!sameJson([...own].sort(), [...outer.value].sort()))
    reportConflict(tool, "hideFields differs from the source's", "keep the source's")
  return { value: own }
}

function readOuter<T>(
  tool: Written,
  key: "defaults" | "hideFields",
  readMember: (from: Written, key: string) => T | undefined,
): { readonly value: T; readonly pointer: string } | undefined {
  if (read(tool, key) === undefined) return
  const pointer = `${tool.pointer}/${key}`
  tool.context.dialect(`tool.${key}`, pointer)
  const value = readMember(tool, key)
  return value === undefined ? undefined : { value, pointer }
}
