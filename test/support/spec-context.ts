import type { Kind } from "../../src/registry/normalise/context.ts"
import type { DialectForm } from "../../src/registry/normalise/dialect-forms.ts"
import { Origins } from "../../src/registry/origins.ts"
import type { Problem } from "../../src/registry/problem.ts"
import type { SpecContext } from "../../src/registry/spec/reading.ts"

/** What the normaliser hands to the readers of specs, with everything they report kept. */
export interface RecordingContext extends SpecContext {
  readonly problems: Problem[]
  readonly forms: { readonly form: DialectForm; readonly pointer: string }[]
}

export function createSpecContext({
  unknownFieldSeverity = "error",
  versions = {},
}: {
  readonly unknownFieldSeverity?: "error" | "warn"
  /** The registered versions, by `kind name`. */
  readonly versions?: { readonly [kindAndName: string]: readonly string[] }
} = {}): RecordingContext {
  const problems: Problem[] = []
  const forms: { form: DialectForm; pointer: string }[] = []
  return {
    problems,
    forms,
    report: (problem) => problems.push(problem),
    dialect: (form, pointer) => forms.push({ form, pointer }),
    unknownFieldSeverity,
    origins: new Origins(),
    spelledTarget: new Set(),
    versionsOf: (kind: Kind, name: string) => versions[`${kind} ${name}`] ?? [],
  }
}
