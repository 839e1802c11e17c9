import type { Json, JsonObject } from "../../registry/model.ts"
import { bindingCode } from "./bindings.ts"
import { type Code, call, data, list, object, text } from "./code.ts"
import { isObject, listOf } from "./entities.ts"
import type { Scope } from "./scope.ts"

/** An operation in a program, and the schema of what it gives, where that is known. */
export interface Operating {
  readonly code: Code
  readonly gives: Json | undefined
}

const kinds = ["tool", "agent", "pattern", "value", "approve"]

/** The members of an object that are an operation's, and the others: where a document has both in one place. */
export function splitOperation(
  json: JsonObject,
): readonly [operation: JsonObject, rest: JsonObject] {
  const entries = Object.entries(json)
  const isOperation = ([key]: readonly [string, Json]) => kinds.includes(key)
  return [
    Object.fromEntries(entries.filter(isOperation)),
    Object.fromEntries(entries.filter((entry) => !isOperation(entry))),
  ]
}

/** An operation as a value of the builder; as it is written where the builder has no words for it. */
export function operating(operation: Json, scope: Scope): Operating {
  const known = isObject(operation) ? knownOperation(operation, scope) : undefined
  if (known !== undefined) return known
  return { code: call(scope.entities.use("asWritten"), data(operation)), gives: undefined }
}

export const operationCode = (operation: Json, scope: Scope): Code =>
  operating(operation, scope).code

function knownOperation(operation: JsonObject, scope: Scope): Operating | undefined {
  const [[kind, value] = [], ...others] = Object.entries(operation)
  if (kind === undefined || value === undefined || others.length > 0) return
  const { entities } = scope
  switch (kind) {
    case "tool":
      return toolCall(value, scope)
    case "agent":
      return agentCall(value, scope)
    case "pattern":
      return unknown(
        isObject(value) ? scope.nested(value, { ...scope, input: undefined }) : undefined,
      )
    case "value":
      return unknown(call(entities.use("value"), bindingCode(value, scope)))
    case "approve":
      return unknown(isObject(value) ? approveCode(value, scope) : undefined)
  }
  return
}

const unknown = (code: Code | undefined): Operating | undefined =>
  code === undefined ? undefined : { code, gives: undefined }

function approveCode(approval: JsonObject, scope: Scope): Code {
  const members = Object.entries(approval).map(([key, value]) => ({
    key,
    value: key === "message" && isObject(value) ? bindingCode(value, scope) : data(value),
  }))
  return call(scope.entities.use("approve"), object(members))
}

/** The call of a tool, in any place that holds one. */
export function toolCall(tool: Json, scope: Scope): Operating | undefined {
  if (typeof tool === "string") return registeredTool(tool, undefined, scope)
  if (!isObject(tool)) return
  const { name, version, server, serverVersion, choose, among } = tool
  const keys = Object.keys(tool)
  const has = (...known: readonly string[]) => keys.every((key) => known.includes(key))
  if (choose !== undefined && has("choose", "among")) return chosen(choose, among, scope)
  if (typeof name !== "string") return
  if (typeof server === "string" && has("name", "server", "serverVersion")) {
    const at = scope.entities.reference("servers", server, textOf(serverVersion))
    return unknown(call(`${inLine(at.code)}.call`, text(name)))
  }
  return has("name", "version") ? registeredTool(name, textOf(version), scope) : undefined
}

function chosen(choose: Json, among: Json | undefined, scope: Scope): Operating | undefined {
  const tools = among === undefined ? [] : listOf(among).map((each) => toolCall(each, scope)?.code)
  const known = tools.filter((code) => code !== undefined)
  if (known.length < tools.length) return
  const candidates = among === undefined ? [] : [list(known)]
  return unknown(call(scope.entities.use("choose"), bindingCode(choose, scope), ...candidates))
}

/** A name takes its version from `depends`; a version in the call itself stays there. */
function registeredTool(name: string, pin: string | undefined, scope: Scope): Operating {
  const version = pin ?? versionOf(scope, { type: "tool", name })
  const { code, entity } = scope.entities.reference("tools", name, version)
  note(scope, { type: "tool", name, ...(version !== undefined && { version }) })
  const gives = entity?.json["outputSchema"]
  return { code: pin === undefined ? code : call(scope.entities.use("pinned"), code), gives }
}

function agentCall(agent: Json, scope: Scope): Operating | undefined {
  if (!isObject(agent)) return
  const { name, skill, version: written, ...others } = agent
  if (typeof name !== "string" || typeof skill !== "string" || Object.keys(others).length > 0)
    return
  const pin = textOf(written)
  const version = pin ?? versionOf(scope, { type: "agent", name })
  const { code, entity } = scope.entities.reference("agents", name, version)
  note(scope, { type: "agent", name, ...(version !== undefined && { version }), skill })
  const skilled = call(`${inLine(code)}.skill`, text(skill))
  const card = listOf(entity?.json["skills"]).find((each) => isObject(each) && each["id"] === skill)
  const gives = isObject(card) ? card["outputSchema"] : undefined
  return { code: pin === undefined ? skilled : call(scope.entities.use("pinned"), skilled), gives }
}

/** What a reference looks like before a dot: a variable, or a call on one line. */
export const inLine = (code: Code): string =>
  typeof code === "string"
    ? code
    : code.kind === "call"
      ? `${code.callee}(${code.arguments.map(inLine).join(", ")})`
      : ""

export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === "string" ? value : undefined

function versionOf({ depends }: Scope, callee: { type: string; name: string }): string | undefined {
  const found = depends.filter(({ type, name }) => type === callee.type && name === callee.name)
  const versions = new Set(found.map(({ version }) => version))
  return versions.size === 1 ? textOf([...versions][0]) : undefined
}

function note({ called }: Scope, dependency: JsonObject): void {
  const key = JSON.stringify(dependency)
  if (called.every((each) => JSON.stringify(each) !== key)) called.push(dependency)
}
