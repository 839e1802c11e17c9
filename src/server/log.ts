import { type Logger, pino } from "pino"

export type { Logger }

export interface LogOptions {
  readonly level: string
  readonly to: "stderr" | "stdout"
}

/** What is kept of lines that cannot be written; later ones are lost. */
const unwrittenBytesMax = 1024 * 1024

/**
 * The log: JSON lines, each an event with fields. By default on stderr, because stdout belongs to what a command prints.
 * Arguments, tokens and results are never passed to it; the redaction below is the second net, not the first.
 */
export function createLog({ level, to }: LogOptions): Logger {
  // Synchronous, so that what is logged last is there, and in order, when the process ends at once.
  const fd = to === "stdout" ? 1 : 2
  const destination = pino.destination({ fd, sync: true, maxLength: unwrittenBytesMax })
  // A disk that is full, or a terminal that is gone, ends no call: the log goes on when it can be written again.
  destination.on("error", () => {})
  destination.on("drop", () => void destination.write("")) // tries once; `flushSync` would try for ever
  return pino(
    {
      level,
      base: null, // process and host are the platform's to add
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: "[secret]" },
    },
    destination,
  )
}

const names = ["authorization", "cookie", "token", "secret", "password", "bearer"]
const redacted = [
  ...names.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  ...["env.*", "*.env.*", "headers.*", "*.headers.*"],
]

/** An address as it may be printed: without user, password, query and fragment. */
export function printableUrl(text: string): string {
  if (!URL.canParse(text)) return "(not an address)"
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname}`
}
