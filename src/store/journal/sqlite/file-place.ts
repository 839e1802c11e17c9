import { statSync } from "node:fs"
import { JournalTrouble } from "../../../compose/run/durable/journal.ts"

/**
 * Whether a file is still where it was opened. One that was moved or deleted can be written all the same, and nobody would
 * find again what is: it is not written then.
 */
export class FilePlace {
  readonly #file: string
  readonly #inode: bigint | undefined

  /** `inode`: as {@link inodeOf} gave it when the file was opened. */
  constructor(file: string, inode: bigint | undefined) {
    this.#file = file
    this.#inode = inode
  }

  /** Throws a {@link JournalTrouble}. */
  check(): void {
    if (inodeOf(this.#file) === this.#inode) return
    const message = `the run journal ${this.#file} was moved, deleted or replaced while it was open; put it back, or start again`
    throw new JournalTrouble(message, { kind: "io" })
  }
}

export function inodeOf(file: string): bigint | undefined {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
  } catch {
    return // its folder cannot be looked into any more
  }
}
