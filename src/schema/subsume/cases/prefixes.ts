/**
 * Patterns of names are mostly prefixes (`^x-`), and of two different prefixes a name has one at most. All that is
 * known of other patterns is that they are themselves.
 */

/** Whether some text could match all of `group` and none of the other `sources`, as far as prefixes tell. */
export function canMatchTogether(group: readonly string[], sources: readonly string[]): boolean {
  const prefixes = group.map(prefixOf)
  const isConsistent = prefixes.every((one) => prefixes.every((other) => areCompatible(one, other)))
  if (!isConsistent) return false
  const longest = prefixes.reduce((long, one) => (one.length > long.length ? one : long), "")
  return sources.every((source) => group.includes(source) || !isImplied(source, longest))
}

const areCompatible = (one: string, other: string) => one.startsWith(other) || other.startsWith(one)

const prefix = /^\^((?:[\w:/@-](?![*?+{]))*)/

/** The text that everything begins with that matches; "" where that is not known. */
const prefixOf = (source: string): string =>
  source.includes("|") ? "" : (prefix.exec(source)?.[1] ?? "")

/** Whether every text that begins with `text` matches. */
const isImplied = (source: string, text: string) =>
  isUniversal(source) || (source === `^${prefixOf(source)}` && text.startsWith(prefixOf(source)))

/** Patterns that occur in every text. `.` is no line end, so that `^.*$` is not one of them. */
export const isUniversal = (source: string): boolean => universal.has(source)
const universal = new Set([
  "",
  "^",
  "$",
  ".*",
  "^.*",
  ".*$",
  "(.*)",
  "^(.*)",
  "[\\s\\S]*",
  "^[\\s\\S]*$",
])
