import { readFile, stat } from "node:fs/promises"

/** A value that must not be seen: as it is, or in a file that holds it and may be replaced at any time. */
export type SecretText = string | SecretFile

export interface SecretFile {
  readonly file: string
  /** Stands before what the file holds: `Bearer `. */
  readonly prefix: string
}

/** Gives a secret as it is now, and sees to it that nothing shows it from then on. Rejects as {@link readSecret} does. */
export type Reveal = (secret: SecretText) => Promise<string>

const bytesMax = 64 * 1024

/** The value as it is now. Rejects with an Error whose message says why it cannot be had, and never holds it. */
export async function readSecret(secret: SecretText): Promise<string> {
  if (typeof secret === "string") return secret
  const { file, prefix } = secret
  const found = await stat(file)
  if (!found.isFile()) throw new Error(`${file} is not a file`) // opening a pipe would wait for its writer
  if (found.size > bytesMax) throw new RangeError(`${file} has more than ${bytesMax} bytes`)
  const text = (await readFile(file, "utf8")).replace(/\r?\n$/, "") // editors and `echo` end files with one
  if (text === "") throw new Error(`${file} is empty`)
  return prefix + text
}

/** What may stand in a header as it is (RFC 9110 §5.5). */
export const isHeaderText = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
