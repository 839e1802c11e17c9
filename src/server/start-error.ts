/** The gateway cannot start, for a reason its operator can mend: printed without a stack. */
export class StartError extends Error {
  override readonly name = "StartError"
  /** A line each, `file:line:column …` where there is a file. */
  readonly lines: readonly string[]

  constructor(message: string, { lines = [], cause }: StartErrorOptions = {}) {
    super(message, { cause })
    this.lines = lines
  }
}

interface StartErrorOptions extends ErrorOptions {
  readonly lines?: readonly string[]
}
