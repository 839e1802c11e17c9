import { hiddenPlaces, hiddenText, withoutHidden } from "../../registry/pins/hidden-text.ts"
import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import { mapText } from "./map-text.ts"

type ToolReply = Extract<BackendReply, { kind: "result" }>

/** What is done about text in a result that a model reads and a person does not see. `allow`: not even looked for. */
export type HiddenTextMode = "flag" | "strip" | "deny" | "allow"

/** Where a result says what was found in it. */
export const hiddenTextKey = "dev.postern/hiddenText"

export interface Looked {
  readonly reply: ToolReply
  readonly warnings: readonly string[]
}

/** Characters that are looked at where what is found is only flagged; otherwise all are. */
const flagCharsMax = 1024 * 1024

/** Looks at the texts of a result, and of its structured content. The very same reply where there is nothing to find. */
export function lookForHidden(
  reply: ToolReply,
  mode: HiddenTextMode,
  tool: string,
): Result<Looked> {
  if (mode === "allow") return ok({ reply, warnings: none })
  const { content = null, structuredContent = null } = reply.result
  const looking = { left: mode === "flag" ? flagCharsMax : Number.POSITIVE_INFINITY }
  if (!holdsHidden(content, looking) && !holdsHidden(structuredContent, looking))
    return ok({ reply, warnings: none })
  const [place] = hiddenPlaces({ content, structuredContent })
  const { at, what } = place ?? { at: "", what: "" }
  if (mode === "deny")
    return refuse({
      code: "withheld_output",
      tool,
      words: "it holds characters that nobody sees",
      reason: `hidden text at ${at}: ${what}`,
    })
  const told = { at: withoutHidden(at), what, action: mode === "strip" ? "stripped" : "flagged" }
  const change = (result: JsonObject) => marked(mode === "strip" ? stripped(result) : result, told)
  const { result, plain } = reply
  const made: ToolReply = {
    kind: "result",
    result: change(result),
    ...(plain && { plain: change(plain) }),
  }
  return ok({ reply: made, warnings: found })
}

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
  /** Characters. */
  left: number
}

/** Whether there is any; nearly always there is none, and one look at each text says so. */
function holdsHidden(value: Json, looking: Looking): boolean {
  if (looking.left <= 0) return false
  if (typeof value === "string") {
    const { left } = looking
    looking.left -= value.length
    return hiddenText(value.length > left ? value.slice(0, left) : value) !== undefined
  }
  if (isList(value)) return value.some((item) => holdsHidden(item, looking))
  if (!isObject(value)) return false
  for (const key in value) {
    const member = value[key]
    if (member !== undefined && (holdsHidden(key, looking) || holdsHidden(member, looking)))
      return true
  }
  return false
}
