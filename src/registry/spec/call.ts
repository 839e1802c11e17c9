import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import type { CallSite } from "../model.ts"
import { versionProblem } from "../version.ts"
import { binding } from "./binding.ts"
import { object, optional, required } from "./fields.ts"
import { type At, memberPointer, type Reader, refuse, wrongType } from "./reading.ts"
import { list, name, text } from "./values.ts"

/** How a call that is only a name is written out: `"name"` or `{ "name": … }`. */
export type CallStyle = "string" | "object"

/** The member that names a tool, whatever it is called: `tool`, `deadLetterTool`, `embedder`. */
export const toolCall =
  (style: CallStyle): Reader =>
  (raw, at) => {
    if (typeof raw === "string") return raw === "" ? name(raw, at) : namedOnly(raw, at, style)
    if (!isObject(raw)) return wrongType(at, raw, "the name of a tool, or an object with its name")
    return Object.hasOwn(raw, "choose") ? chosen(raw, at) : called(raw, at, style)
  }

const toolShape = object("a call", {
  name: required(name),
  version: optional(text),
  server: { ...optional(name), alias: { name: "target", form: "call.target" } },
  serverVersion: optional(text),
})

function namedOnly(raw: string, at: At, style: CallStyle): Json {
  collect({ kind: "tool", name: raw, namePointer: at.pointer }, at)
  if (style === "string") return raw
  const out = at.reading.context.origins.set({ name: raw }, at.pointer)
  at.reading.context.origins.setMember(out, "name", at.pointer)
  return out
}

function called(raw: JsonObject, at: At, style: CallStyle): Json | undefined {
  const read = toolShape(raw, at)
  if (read === undefined) return
  const { name: called, version, server, serverVersion } = read
  if (typeof called !== "string") return
  checkVersion(raw, at, { key: "version", kind: "tool", of: called })
  checkVersion(raw, at, { key: "serverVersion", kind: "server", of: server })
  if (serverVersion !== undefined && server === undefined)
    refuse(at, "missing_field", "a call with serverVersion needs server")
  const spelledTarget = isSpelledTarget(raw, at)
  if (spelledTarget) at.reading.context.spelledTarget.add(read)
  collect(
    {
      kind: server === undefined ? "tool" : "direct",
      name: called,
      namePointer: memberPointer(at, raw, "name"),
      ...strings({ version, server, serverVersion }),
      ...(spelledTarget ? { spelledTarget } : {}),
    },
    at,
  )
  return style === "string" && Object.keys(read).length === 1 ? called : read
}

/** Also when `target` stood beside the tool and was moved inside. */
const isSpelledTarget = (raw: JsonObject, at: At) =>
  Object.hasOwn(raw, "server")
    ? memberPointer(at, raw, "server").endsWith("/target")
    : Object.hasOwn(raw, "target")

/** `{ choose: binding, among? }`: data decides which of its dependencies is called. */
const chosen = (raw: JsonObject, at: At) => {
  at.reading.dynamicPointer ??= at.pointer
  return object("a call", {
    choose: required(binding),
    among: optional(list(toolCall("string"), { min: 1 })),
  })(raw, at)
}

const agentShape = object("a call of an agent", {
  name: required(name),
  skill: optional(name),
  version: optional(text),
})

export const agentCall: Reader = (raw, at) => {
  const read = agentShape(raw, at)
  if (read === undefined || !isObject(raw) || typeof read["name"] !== "string") return
  const { name: called, version, skill } = read
  checkVersion(raw, at, { key: "version", kind: "agent", of: called })
  const namePointer = memberPointer(at, raw, "name")
  collect({ kind: "agent", name: called, namePointer, ...strings({ version, skill }) }, at)
  return read
}

interface Versioned {
  readonly key: "version" | "serverVersion"
  readonly kind: "tool" | "agent" | "server"
  readonly of: Json | undefined
}

function checkVersion(raw: JsonObject, at: At, { key, kind, of }: Versioned): void {
  const version = member(raw, key)
  if (typeof version !== "string") return
  const { context } = at.reading
  const problem = versionProblem(version, memberPointer(at, raw, key), () =>
    typeof of === "string" ? context.versionsOf(kind, of) : [],
  )
  if (problem !== undefined) context.report(problem)
}

function strings<K extends string>(values: { [key in K]: Json | undefined }) {
  const out: { [key in K]?: string } = {}
  for (const key of Object.keys(values) as K[]) {
    const value = values[key]
    if (typeof value === "string") out[key] = value
  }
  return out
}

function collect(call: Omit<CallSite, "pointer" | "place">, at: At): void {
  const place = { holder: at.holder, key: at.key }
  at.reading.calls.push({ ...call, pointer: at.pointer, place })
}
