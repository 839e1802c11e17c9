import { isObject, type Json, type JsonObject, member, segment } from "../../schema/json.ts"
import { binding } from "./binding.ts"
import { agentCall, type CallStyle, toolCall } from "./call.ts"
import { type Fields, object, optional, required } from "./fields.ts"
import { patternNames } from "./pattern-names.ts"
import { type At, memberPointer, type Reader, refuse, wrongType, wrongValue } from "./reading.ts"
import { anything, duration, oneOf, put } from "./values.ts"

/** What an operation can be; exactly one of them. */
const kinds = ["tool", "agent", "pattern", "value", "approve"]

interface OperationShape {
  readonly what: string
  readonly style?: CallStyle
  /** Members that stand before and beside the operation's own where it is part of a larger object. */
  readonly leading?: Fields
  readonly beside?: Fields
}

const approve = object("approve", {
  message: required((raw, at) => (typeof raw === "string" ? raw : binding(raw, at))),
  schema: optional(anything),
  to: optional(oneOf("caller", "operator")),
  timeoutMs: optional(duration),
})

/** A reader of what does something: a call, a pattern inside, a value, or a question to a person. */
export function operationReader({
  what,
  style = "object",
  leading,
  beside,
}: OperationShape): Reader {
  const read = object(what, {
    ...leading,
    tool: optional(toolCall(style)),
    agent: optional(agentCall),
    pattern: optional((raw, at) => at.reading.nested(raw, at)),
    value: optional(binding),
    approve: optional(approve),
    ...beside,
  })
  return (raw, at) => {
    if (!isObject(raw)) return wrongType(at, raw, "an object")
    const spelled = withPatternInside(raw, at)
    const found = kinds.filter((kind) => Object.hasOwn(spelled, kind))
    if (found.length > 1) return wrongValue(at, `${what} does one thing: ${found.join(" or ")}`)
    if (found.length === 0)
      refuse(
        at,
        "missing_field",
        `${what} needs tool, agent, pattern or value`,
        Object.hasOwn(raw, "operation") ? unwrapped : shownForm,
      )
    return read(withServerInside(spelled, at), at)
  }
}

const unwrapped = 'put what stands under "operation" here itself, such as "tool": "fetch"'
const shownForm = 'such as { "tool": { "name": "fetch" } }'

export const operation = operationReader({ what: "an operation" })
/** Written out with the tool as a plain string, as `mapEach` is. */
export const briefOperation = operationReader({ what: "an operation", style: "string" })

/** A bare pattern, as in `{ "schemaMap": … }`, is one inside `pattern`. */
function withPatternInside(raw: JsonObject, at: At): JsonObject {
  if (kinds.some((kind) => Object.hasOwn(raw, kind))) return raw
  const bare = Object.keys(raw).filter((key) => patternNames.some((name) => name === key))
  if (bare.length === 0) return raw
  const rest = Object.entries(raw).filter(([key]) => !bare.includes(key))
  const inside = Object.fromEntries(bare.map((key) => [key, member(raw, key) ?? null]))
  const out = { ...Object.fromEntries(rest), pattern: inside }
  const { context, moved } = at.reading
  for (const key of bare) context.dialect("operation.bare-pattern", memberPointer(at, raw, key))
  moved.set(out, { pattern: at.pointer })
  return out
}

const serverSiblings = ["server", "target", "serverVersion"]

/** `{ "tool": "n", "server": "s" }` says in the operation what belongs into its call. */
function withServerInside(raw: JsonObject, at: At): JsonObject {
  const siblings = serverSiblings.filter((key) => Object.hasOwn(raw, key))
  const tool = member(raw, "tool")
  const [first] = siblings
  if (first === undefined || tool === undefined || !(isObject(tool) || typeof tool === "string"))
    return raw
  at.reading.context.dialect("call.server-sibling", at.pointer + segment(first))
  const inside = callWithSiblings(tool, raw, at)
  const rest = Object.entries(raw).filter(([key]) => !siblings.includes(key))
  return { ...Object.fromEntries(rest), tool: inside }
}

function callWithSiblings(tool: string | JsonObject, owner: JsonObject, at: At): JsonObject {
  const pointer = `${at.pointer}/tool`
  const inside = {}
  const pointers = {}
  const move = (key: string, value: Json, written: string) => {
    const canonical = key === "target" ? "server" : key
    const already = member(inside, canonical)
    if (already !== undefined && already !== value)
      refuse(at, "dialect_conflict", `${key} is written twice and differs`, "keep it in the call")
    if (already !== undefined) return
    put(inside, canonical, value)
    put(pointers, canonical, written)
  }
  if (typeof tool === "string") move("name", tool, pointer)
  else {
    for (const [key, value] of Object.entries(tool)) move(key, value, pointer + segment(key))
    if (Object.hasOwn(tool, "target"))
      at.reading.context.dialect("call.target", `${pointer}/target`)
  }
  for (const key of serverSiblings) {
    const value = member(owner, key)
    if (value !== undefined) move(key, value, at.pointer + segment(key))
  }
  at.reading.moved.set(inside, pointers)
  return inside
}
