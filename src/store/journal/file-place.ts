import { statSync } from "node:fs"
import { JournalTrouble } from "../../compose/run/durable/journal.ts"

/**
 * Whether a file is still where it was opened. One that was moved or deleted can be written all the same, and nobody would
 * find again what is: it is not written then.
 */
export class FilePlace {
  readonly #file: string
  readonly #inode: bigint | undefined

  constructor(file: string) {
    this.#file = file
    this.#inode = inodeOf(file)
  }

  /** Throws a {@link JournalTrouble}. */
  check(): void {
    if (inodeOf(this.#file) === this.#inode) return
    const message = `the run journal ${this.#file} was moved, deleted or replaced while it was open; put it back, or start again`
    throw new JournalTrouble(message, { kind: "io" })
  }
}

function inodeOf(file: string): bigint | undefined {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino
  } catch {
    return // its folder cannot be looked into any more
  }
}
