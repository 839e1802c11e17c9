/** What a command answers: 0 fine, 1 problems found, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

/** The world as a command sees it; a test may bring its own. */
export interface Io {
  readonly out: Stream
  readonly err: Stream
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Stream {
  write(text: string): unknown
  /** Whether it is a terminal, and a person reads along. */
  readonly isTTY?: boolean | undefined
}

export interface Option {
  readonly type: "string" | "boolean"
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** The word for its value in help: `--config FILE`. */
  readonly value?: string
  readonly summary: string
}

export interface Given {
  readonly arguments: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
}

/** One command: help, `--help` and docs/reference/cli.md come from here. */
export interface Command {
  /** As typed: `validate`, `audit verify`. */
  readonly name: string
  readonly summary: string
  /** Its arguments in help, for example `FILE`; `[…]` is optional, a trailing `…` repeats. */
  readonly arguments: string
  readonly options: Readonly<Record<string, Option>>
  /** Shown below the options: what it prints, what its exit code means, an example. */
  readonly details: string
  run(given: Given, io: Io): Promise<ExitCode>
}

/** Wrong usage, found by a command itself: printed with a pointer to its help, exit 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}
