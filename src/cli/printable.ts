/** Control characters and directional marks could forge lines or hide text in a terminal. */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Text from elsewhere as a terminal may show it: line breaks stay, what else would obey is written as an escape. */
export const printable = (text: string): string =>
  text.replace(unsafe, (found) =>
    found === "\n" || found === "\t" ? found : `\\u{${found.codePointAt(0)?.toString(16)}}`,
  )

/** The same where a line is one: no name and no address from elsewhere begins a line of its own in a report. */
export const printableLine = (text: string): string =>
  printable(text).replace(/[\n\t]/g, (found) => (found === "\n" ? "\\n" : "\\t"))
