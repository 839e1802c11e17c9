/**
 * Which names or URIs of a server configuration lets callers reach: all, none, or those that one of the patterns fits.
 * In a pattern `*` stands for any characters, and everything else for itself.
 */
export type Allowance = "all" | "none" | readonly string[]

export const allows = (allowance: Allowance, name: string): boolean => {
  if (typeof allowance === "string") return allowance === "all"
  return allowance.some((pattern) => fits(pattern, name))
}

/**
 * The same for a URI. What a pattern says of a folder must hold for whatever a server makes of the URI, so one that
 * leaves its folder again (`..`, also in disguise) fits no pattern.
 */
export const allowsUri = (allowance: Allowance, uri: string): boolean =>
  allowance === "all" || (!leavesFolder(uri) && allows(allowance, uri))

const leavesFolder = (uri: string): boolean =>
  /(?:^|[/\\:])\.{1,2}(?:[/\\?#]|$)/.test(
    uri.replaceAll(/%(?:25)*2e/gi, ".").replaceAll(/%(?:25)*(?:2f|5c)/gi, "/"),
  )

/** From left to right each part at its first place after the one before: with `*` alone no other choice fits more. */
export function fits(pattern: string, text: string): boolean {
  const parts = pattern.split("*")
  const first = parts[0] ?? ""
  const last = parts.at(-1) ?? ""
  if (parts.length === 1) return pattern === text
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
