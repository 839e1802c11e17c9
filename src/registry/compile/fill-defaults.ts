import type { Draft } from "../draft.ts"
import type { ToolEntity } from "../model.ts"
import type { Problem, Report } from "../problem.ts"
import { type ClaimUse, type Environment, type Filled, fillIn } from "./defaults.ts"

/** What the gateway is run with, as far as `defaults` may name it. */
export interface Surroundings {
  readonly env: Environment
  /** The claims of a caller's token that the configuration lets tools have. */
  readonly claims: ReadonlySet<string>
}

export interface FilledDefaults {
  readonly values: ReadonlyMap<ToolEntity, Pick<Filled, "defaults" | "perCaller">>
  /** Why tools cannot be used. */
  readonly reasons: ReadonlyMap<ToolEntity, string>
}

/** The `defaults` of every tool. Validation alone has no surroundings, and leaves them as they are written. */
export function* fillDefaults(
  draft: Draft,
  surroundings: Surroundings | undefined,
  report: Report,
): Generator<void, FilledDefaults, void> {
  const values = new Map<ToolEntity, Pick<Filled, "defaults" | "perCaller">>()
  const reasons = new Map<ToolEntity, string>()
  for (const tool of draft.document.tools) {
    const { source } = tool
    if (source?.defaults === undefined) continue
    yield
    if (surroundings === undefined) {
      values.set(tool, { defaults: source.defaults, perCaller: new Map() })
      continue
    }
    const filled = fillIn(source.defaults, surroundings.env)
    values.set(tool, filled)
    const unlisted = filled.claims.filter(({ claim }) => !surroundings.claims.has(claim))
    const at = draft.origins.of(source, "defaults")
    for (const { pointer, name } of filled.missing) report(envMissing(at + pointer, name))
    for (const use of unlisted) report(claimNotListed(at + use.pointer, use))
    const [variable] = filled.missing
    const claim = unlisted.find(({ isNeeded }) => isNeeded)?.claim
    if (variable !== undefined) reasons.set(tool, `the environment has no ${variable.name}`)
    else if (claim !== undefined)
      reasons.set(tool, `the configuration lets no tool have the claim ${claim}`)
  }
  return { values, reasons }
}

const envMissing = (pointer: string, name: string): Problem => ({
  code: "env_missing",
  severity: "warn",
  pointer,
  message: `the environment has no ${name}, so this tool is unavailable`,
  hint: `set ${name}, or write \${${name}:-…} with a value to use instead`,
  data: { name },
})

const claimNotListed = (pointer: string, { claim, isNeeded }: ClaimUse): Problem => ({
  code: "claim_not_listed",
  severity: "warn",
  pointer,
  message: `the configuration lets no tool have the claim ${claim}${isNeeded ? ", so this tool is unavailable" : ""}`,
  hint: `add ${claim} to identity.jwt.callerClaims in the configuration`,
  data: { claim },
})
