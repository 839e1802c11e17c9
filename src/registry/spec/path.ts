import { JSONPathEnvironment, type JSONPathQuery } from "json-p3"
import { type Reader, refuse, type SpecContext, wrongType } from "./reading.ts"

/** Longer paths are refused: nothing a person writes comes near. */
const lengthMax = 512

/** RFC 9535 without the functions that run regular expressions: one such path can hold a thread for seconds. */
const environment = new JSONPathEnvironment({ strict: true })
environment.functionRegister.delete("match")
environment.functionRegister.delete("search")

export type ParsedPath =
  | { readonly ok: true; readonly query: JSONPathQuery }
  | { readonly ok: false; readonly code: "path_invalid" | "path_function"; readonly why: string }

/** Compiles a JSONPath query (RFC 9535). Never throws. */
export function parsePath(path: string): ParsedPath {
  if (path.length > lengthMax)
    return { ok: false, code: "path_invalid", why: `is longer than ${lengthMax} characters` }
  try {
    return { ok: true, query: environment.compile(path) }
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : undefined
    const isFunction = error instanceof Error && error.name === "UndefinedFilterFunctionError"
    return {
      ok: false,
      code: isFunction ? "path_function" : "path_invalid",
      why: why ?? "is no path",
    }
  }
}

/** Paths that were found to be sound, so that one written a thousand times is compiled once per document. */
const checked = new WeakMap<SpecContext, Set<string>>()

export const path: Reader = (raw, at) => {
  if (typeof raw !== "string") return wrongType(at, raw, "a JSONPath string")
  const { context } = at.reading
  const sound = checked.get(context) ?? new Set()
  if (sound.has(raw)) return raw
  const parsed = parsePath(raw)
  if (!parsed.ok) return refuse(at, parsed.code, parsed.why, hintFor(parsed.code))
  checked.set(context, sound.add(raw))
  return raw
}

const hintFor = (code: "path_invalid" | "path_function") =>
  code === "path_function"
    ? "the functions are length, count and value"
    : "a path begins with $, such as $.url"
