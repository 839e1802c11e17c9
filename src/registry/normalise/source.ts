import { isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import type { ServerMember, SeveralServers, ToolSource } from "../model.ts"
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
import { readSelect, readServers } from "./source-servers.ts"

const fields: ReadonlySet<string> = new Set(
  "server target serverVersion servers select tool defaults hideFields idempotency".split(" "),
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
  const origin = readOrigin(from)
  const name = requireText(from, "tool", "add tool, the tool's name on the server")
  const defaults = readDefaults(from, tool)
  const hideFields = readHideFields(from, tool)
  if (origin === undefined || name === undefined) return
  const source: ToolSource = {
    ...origin.members,
    tool: name,
    ...present({
      defaults: defaults?.value,
      hideFields: hideFields?.value,
      idempotency: readObject(from, "idempotency"),
    }),
    extra,
  }
  context.origins.set(source, pointer)
  if (origin.isTarget) {
    context.spelledTarget.add(source)
    context.origins.setMember(source, "server", `${pointer}/target`)
  }
  if (defaults?.pointer) context.origins.setMember(source, "defaults", defaults.pointer)
  if (hideFields?.pointer) context.origins.setMember(source, "hideFields", hideFields.pointer)
  return source
}

/** Which server, or which servers. */
interface OriginRead {
  readonly members: ServerMember | Pick<SeveralServers, "servers" | "select">
  /** The server is spelled `target`. */
  readonly isTarget: boolean
}

function readOrigin(from: Written): OriginRead | undefined {
  if (has(from, "servers")) return readSeveral(from)
  if (has(from, "select"))
    reportMisplaced(from, "select", "there is nothing to select from: the source names one server")
  const server = readServerName(from)
  if (server === undefined) return
  const { name } = server
  const serverVersion = readVersion(from, "serverVersion", { kind: "server", name })
  const members = { server: name, ...present({ serverVersion }) }
  return { members, isTarget: server.key === "target" }
}

function readSeveral(from: Written): OriginRead | undefined {
  for (const key of ["server", "target", "serverVersion"].filter((key) => has(from, key)))
    reportMisplaced(from, key, "a source names one server, or several under servers")
  const servers = readServers(from)
  const select = readSelect(from)
  return servers && { members: { servers, ...present({ select }) }, isTarget: false }
}

function reportMisplaced({ pointer, context }: Written, key: string, message: string): void {
  context.report({
    code: "invalid_value",
    severity: "error",
    pointer: `${pointer}/${key}`,
    message,
    hint: `remove ${key}`,
  })
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
