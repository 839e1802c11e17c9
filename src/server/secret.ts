import { inspect } from "node:util"

const shown = "[secret]"

/**
 * A secret in memory. Whatever prints it (text, JSON, a log, `console`) prints `[secret]`; only {@link reveal} gives the
 * value, and is called where a header, a key or a child's environment is made, nowhere else.
 */
export class Secret {
  readonly #value: string
  readonly #file: string | undefined
  readonly #prefix: string

  /** `file` is the file it was read from, if any, and `prefix` what precedes it in the value. */
  constructor(
    value: string,
    { file, prefix = "" }: { file?: string | undefined; prefix?: string } = {},
  ) {
    this.#value = prefix + value
    this.#file = file
    this.#prefix = prefix
  }

  /** Where to read it again; undefined for one that is as it is. */
  get source(): { readonly file: string; readonly prefix: string } | undefined {
    return this.#file === undefined ? undefined : { file: this.#file, prefix: this.#prefix }
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}
