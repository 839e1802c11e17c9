import { nearest } from "../../schema/nearest.ts"
import { type Ref, written } from "../model.ts"
import type { Problem } from "../problem.ts"
import type { Outcome } from "./rule.ts"

export type Kind = "schema" | "server" | "tool" | "agent"

/** What the words about a reference need. */
export interface Mention extends Ref {
  readonly kind: Kind
  readonly pointer: string
}

/** More names are not compared: looking for the nearest of 10,000 once per reference would take seconds. */
const namesMax = 2_000
const versionsMax = 10

/** The problem of a reference to nothing, but for its severity. `names` are the registered ones. */
export function notFound(
  { kind, name, version, pointer }: Mention,
  versions: readonly string[],
  names: Iterable<string>,
): Omit<Problem, "severity"> {
  const hint = versions.length > 0 ? registered(versions) : didYouMean(name, names)
  return {
    code: `${kind}_not_found`,
    pointer,
    message: `no ${kind} ${quoted({ name, version })} is registered`,
    ...(hint === undefined ? {} : { hint }),
    data: { kind, name, ...(version === undefined ? {} : { version }), versions },
  }
}

export const ambiguous = (
  { kind, name, pointer }: Mention,
  versions: readonly string[],
): Problem => ({
  code: "reference_ambiguous",
  severity: "error",
  pointer,
  message: `several versions of ${kind} ${quoted({ name })} are registered and none is named`,
  hint: registered(versions),
  data: { kind, name, versions },
})

/** The warning that comes with an entity found by a choice the document did not write. */
export function noteProblem<T extends Ref>(
  { kind, name, version, pointer }: Mention,
  outcome: Extract<Outcome<T>, { kind: "found" }>,
): Problem | undefined {
  const found = outcome.entity.version
  switch (outcome.note) {
    case undefined:
      return
    case "reference_unpinned":
      return {
        code: "reference_unpinned",
        severity: "warn",
        pointer,
        message: `${kind} ${quoted({ name })} is named without a version; ${found} is the only one`,
        hint: `write the version ${found}`,
        data: { kind, name, version: found ?? "" },
      }
    case "unversioned_match":
      return {
        code: "unversioned_match",
        severity: "warn",
        pointer,
        message: `${kind} ${quoted({ name })} is registered without a version and stands for ${version}`,
        hint: `give the ${kind} its version`,
        data: { kind, name, version: version ?? "" },
      }
  }
}

/** `"name@version"`, cut where a hostile document made it long. */
export const quoted = (ref: Parameters<typeof written>[0]): string =>
  JSON.stringify(written(ref).slice(0, 200))

function registered(versions: readonly string[]): string {
  const shown = versions.slice(0, versionsMax).join(", ")
  return `registered versions: ${shown}${versions.length > versionsMax ? ", …" : ""}`
}

function didYouMean(name: string, names: Iterable<string>): string | undefined {
  const candidates: string[] = []
  for (const candidate of names) {
    if (candidates.length === namesMax) break
    candidates.push(candidate)
  }
  const near = nearest(name, candidates)
  return near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`
}
