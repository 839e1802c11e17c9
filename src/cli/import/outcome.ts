import type { FailureKind } from "../../mcp/backend/failure.ts"
import type { Visit } from "../../mcp/backend/visit.ts"
import { counted } from "../counted.ts"

/** How asking a server went; `wrong` is what its entry lacks, so that nobody was asked. */
export type Outcome = Visit | { readonly ok: false; readonly wrong: string }

/** How asking a server went, in lines that begin with its name: words of the server's own stand below. */
export function outcomeLines(name: string, outcome: Outcome, seconds: number): string[] {
  const time = `${seconds.toFixed(1)} s`
  if (outcome.ok) {
    const { era, tools, transport } = outcome
    return [`✓ ${name}  ${counted(tools.length)} over ${transport}, ${era} era, ${time}`]
  }
  const { why, lastWords } = failureOf(outcome)
  return [`✗ ${name}  ${why}`, ...lastWords.map((line) => `    | ${line}`)]
}

/** Why a server could not be asked, with what to do about it, and the last that its process said. */
export function failureOf(outcome: Outcome & { readonly ok: false }): {
  readonly why: string
  readonly lastWords: readonly string[]
} {
  if ("wrong" in outcome) return { why: outcome.wrong, lastWords: [] }
  const { failure, lastWords } = outcome
  const hint = hintOf(failure.kind, failure.reason)
  return { why: hint === undefined ? failure.reason : `${failure.reason} (${hint})`, lastWords }
}

function hintOf(kind: FailureKind, reason: string): string | undefined {
  if (kind === "credentials") return "give it a header, or auth in the configuration"
  if (kind === "exited" && reason.includes("ENOENT")) return "is the program on the PATH?"
  return hints[kind]
}

const hints: Partial<Record<FailureKind, string>> = {
  refused: "is it running, and is the address right?",
  timeout: "try again with a longer --timeout",
}
