import type { Json } from "../schema/json.ts"

/** What writes itself out deeper than this overflows the stack somewhere; backends' values are not to be trusted. */
export const depthMax = 500

/**
 * A value as part of a text: strings as they are, numbers and booleans as JSON, what is absent or null as nothing,
 * everything else as compact JSON. Undefined for values nested deeper than 500 levels.
 */
export function textOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return ""
  if (typeof value === "string") return value
  if (typeof value !== "object") return JSON.stringify(value)
  return isNestedAtMost(value, depthMax) ? JSON.stringify(value) : undefined
}

export function isNestedAtMost(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true
  return depth > 0 && Object.values(value).every((inner) => isNestedAtMost(inner, depth - 1))
}

/** The parts in one text; undefined when it would be longer than `lengthMax` characters. */
export function joinTexts(
  parts: readonly string[],
  separator: string,
  lengthMax: number,
): string | undefined {
  const separators = Math.max(parts.length - 1, 0) * separator.length
  const length = parts.reduce((sum, part) => sum + part.length, separators)
  return length > lengthMax ? undefined : parts.join(separator)
}

/**
 * Cuts a template at each `{name}` of a variable: at odd places stands a name, at even ones text. Braces around other
 * words are text.
 */
export function cutTemplate(template: string, isVariable: (name: string) => boolean): string[] {
  const parts: string[] = []
  let end = 0
  for (const { 0: written, 1: name = "", index } of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!isVariable(name)) continue
    parts.push(template.slice(end, index), name)
    end = index + written.length
  }
  return [...parts, template.slice(end)]
}
