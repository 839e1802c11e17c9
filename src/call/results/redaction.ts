import type { Hit } from "../../compose/replace-at.ts"
import type { Json } from "../../schema/json.ts"
import type { RuleMatch } from "../rules/rule.ts"

/** What is taken out of results, whoever called: by its place, or by its form. */
export interface Redaction {
  readonly id: string
  readonly match: Omit<RuleMatch, "agents">
  readonly how: ByPath | ByForm
}

/** In structured content, and in texts that are JSON. */
export interface ByPath {
  readonly kind: "path"
  /** Undefined where the places cannot all be told. */
  readonly hits: (value: Json) => readonly Hit[] | undefined
  readonly replacement: Json
}

/** In every text. */
export interface ByForm {
  readonly kind: "form"
  readonly replace: (text: string) => string
  readonly replacement: string
}

/** A redaction that is about texts of any kind. */
export type FormRedaction = Redaction & { readonly how: ByForm }

export const isByForm = (redaction: Redaction): redaction is FormRedaction =>
  redaction.how.kind === "form"

/** What is taken out of all that a server says because of one request, beside the result of a tool. */
export interface Redacting {
  readonly forms: readonly FormRedaction[]
  /** Characters of one message that are looked through. */
  readonly charsMax: number
  /** Told what the audit says of it, as often as one takes something out. */
  readonly found: (warning: string) => void
}

/** As the audit has it. */
export const redactedBy = (id: string): string => `redacted: ${id}`
