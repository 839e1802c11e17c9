/** Keys come from the caller and can be of any length and hold anything. */
const charsMax = 200

/** A pointer for a line of text: cut, and in one line. */
export function place(at: string): string {
  if (at === "") return "(whole)"
  const short = at.length > charsMax ? `${at.slice(0, charsMax)}…` : at
  return short.toWellFormed().replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0")
    return `\\u${code}`
  })
}
