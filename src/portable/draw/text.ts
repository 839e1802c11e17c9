/** Text with no more than so many characters; what is left out is shown by an ellipsis. */
export function cut(text: string, max: number): string {
  const characters = [...text]
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join("")}…`
}

/** What XML 1.0 §2.2 does not allow in a document, and what would turn or hide text around it. */
const unprintable = /[^\P{C}\n\t]|[\u2028\u2029]/gu

/** As content or attribute of an XML document. */
export const xml = (text: string): string =>
  text
    .replace(unprintable, "\ufffd")
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
