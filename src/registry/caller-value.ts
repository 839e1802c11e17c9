import { nearest } from "../schema/nearest.ts"

/** What a tool's `defaults` may take from the caller: `${caller.NAME}`, or `${caller.claims.NAME}`. */
export type CallerValue =
  | { readonly kind: CallerFact }
  /** Of the caller's verified token, by its whole name. */
  | { readonly kind: "claim"; readonly claim: string }

/** Name and version are those of a registered agent; the subject is that of a verified token. */
const facts = ["name", "version", "trust", "subject"] as const
type CallerFact = (typeof facts)[number]

/** A part of a text that stands for a value, with what is taken where there is none. */
export type Reference =
  | { readonly of: "environment"; readonly name: string; readonly otherwise: string | undefined }
  | {
      readonly of: "caller"
      /** Undefined for what is written and no value of a caller. */
      readonly value: CallerValue | undefined
      readonly written: string
      readonly otherwise: string | undefined
    }

/** A variable of the environment cannot have a dot in its name, so neither kind is ever taken for the other. */
const reference = /\$\{(?:caller\.([^}]*?)|([A-Za-z_][A-Za-z0-9_]*))(?::-([^}]*))?\}/g

/** A text of `defaults` in its parts: what stands in it as it is, and references. */
export function* partsOf(text: string): Generator<string | Reference> {
  let end = 0
  for (const match of text.matchAll(reference)) {
    if (match.index > end) yield text.slice(end, match.index)
    const [whole, written, name, otherwise] = match
    end = match.index + whole.length
    yield written === undefined
      ? { of: "environment", name: name ?? "", otherwise }
      : { of: "caller", value: callerValue(written), written, otherwise }
  }
  if (end < text.length) yield text.slice(end)
}

const claims = "claims."

function callerValue(written: string): CallerValue | undefined {
  if (written.startsWith(claims) && written.length > claims.length)
    return { kind: "claim", claim: written.slice(claims.length) }
  const kind = facts.find((fact) => fact === written)
  return kind && { kind }
}

/** As it is written after `caller.`. */
export const callerWords = (value: CallerValue): string =>
  value.kind === "claim" ? `${claims}${value.claim}` : value.kind

/** What the author of `${caller.WRITTEN}` may have meant. */
export function callerHint(written: string): string {
  const meant = nearest(written, facts)
  if (meant !== undefined) return `did you mean caller.${meant}?`
  return `there are ${facts.map((fact) => `caller.${fact}`).join(", ")} and caller.claims.NAME`
}
