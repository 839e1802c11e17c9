import { firstHiddenAt, hiddenText, withoutHidden } from "../../registry/pins/hidden-text.ts"
import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import { mapText } from "./map-text.ts"

type ToolReply = Extract<BackendReply, { kind: "result" }>

/** What is done about text in a result that a model reads and a person does not see. `allow`: not even looked for. */
export type HiddenTextMode = "flag" | "strip" | "deny" | "allow"

/** Where a result says what was found in it. */
const hiddenTextKey = "dev.postern/hiddenText"

export interface Looked {
  readonly reply: ToolReply
  readonly warnings: readonly string[]
}

/**
 * Looks at the texts of a result, and of its structured content, but for what is beyond `charsMax`: that is flagged as if
 * it held nothing, and withheld where it must hold nothing. The very same reply where there is nothing to find.
 */
export function lookForHidden(
  reply: ToolReply,
  mode: HiddenTextMode,
  { tool, charsMax }: { readonly tool: string; readonly charsMax: number },
): Result<Looked> {
  if (mode === "allow") return ok({ reply, warnings: none })
  const { content = null, structuredContent = null } = reply.result
  const looking: Looking = { left: charsMax }
  const isFound = holdsHidden(content, looking) || holdsHidden(structuredContent, looking)
  if (looking.left < 0 && mode !== "flag")
    return withheld(tool, "it is too long to be looked through (limit resultText)")
  if (!isFound) return ok({ reply, warnings: none })
  const { at, what } = whereHidden(content, structuredContent, { left: charsMax })
  if (mode === "deny") return withheld(tool, `hidden text at ${at}: ${what}`)
  const told = { at, what, action: mode === "strip" ? "stripped" : "flagged" }
  const change = (result: JsonObject) => marked(mode === "strip" ? stripped(result) : result, told)
  const { result, plain } = reply
  const twin = plain && change(plain)
  return ok({
    reply: { kind: "result", result: change(result), ...(twin && { plain: twin }) },
    warnings: found,
  })
}

function whereHidden(content: Json, structuredContent: Json, looking: Looking): Hidden {
  const { at = "", what = "" } =
    firstHidden(content, "/content", looking) ??
    firstHidden(structuredContent, "/structuredContent", looking) ??
    {}
  return { at: withoutHidden(at), what }
}

const withheld = (tool: string, reason: string): Result<never> =>
  refuse({
    code: "withheld_output",
    tool,
    words: "it holds, or may hold, characters that nobody sees",
    reason,
  })

const none: readonly string[] = []
const found: readonly string[] = ["hidden_text"]

const marked = (result: JsonObject, told: JsonObject): JsonObject => {
  const meta = result["_meta"]
  return { ...result, _meta: { ...(isObject(meta) ? meta : {}), [hiddenTextKey]: told } }
}

const stripping = { text: withoutHidden, except: new Set(["data", "blob"]) }

function stripped(result: JsonObject): JsonObject {
  const { content, structuredContent } = result
  return {
    ...result,
    ...(content !== undefined && { content: mapText(content, stripping) }),
    ...(structuredContent !== undefined && {
      structuredContent: mapText(structuredContent, { text: withoutHidden }),
    }),
  }
}

interface Looking {
  /** Characters; below 0 when there are more. */
  left: number
}

interface Hidden {
  /** A JSON Pointer to the text, or to the member whose name it is. */
  readonly at: string
  /** The first of it, in words. */
  readonly what: string
}

/** Of what is found the beginning is told. */
const toldMax = 64

/** Nearly always there is none, and one look at each text says so, without a pointer to it. */
function holdsHidden(value: Json, looking: Looking): boolean {
  if (typeof value === "string") return hiddenIndex(value, looking) >= 0
  if (isList(value)) return value.some((item) => holdsHidden(item, looking))
  if (!isObject(value)) return false
  for (const key in value) {
    if (hiddenIndex(key, looking) >= 0) return true
    if (holdsHidden(value[key] ?? null, looking)) return true
  }
  return false
}

function hiddenIndex(text: string, looking: Looking): number {
  const { left } = looking
  looking.left -= text.length
  return left <= 0 ? -1 : firstHiddenAt(text.length > left ? text.slice(0, left) : text)
}

function firstHidden(value: Json, at: string, looking: Looking): Hidden | undefined {
  if (typeof value === "string") return inText(value, at, looking)
  if (isList(value)) {
    for (const [index, item] of value.entries()) {
      const hidden = firstHidden(item, `${at}/${index}`, looking)
      if (hidden !== undefined) return hidden
    }
  } else if (isObject(value)) return inMembers(value, at, looking)
  return
}

function inMembers(value: JsonObject, at: string, looking: Looking): Hidden | undefined {
  for (const [key, item] of Object.entries(value)) {
    const hidden = inText(key, at, looking) ?? firstHidden(item, `${at}${segment(key)}`, looking)
    if (hidden !== undefined) return hidden
  }
  return
}

function inText(text: string, at: string, looking: Looking): Hidden | undefined {
  const index = hiddenIndex(text, looking)
  if (index < 0) return
  return { at, what: hiddenText(text.slice(index, index + toldMax)) ?? "" }
}
