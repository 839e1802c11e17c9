import type { Variable, Variables } from "../../portable/import/variables.ts"
import type { Io } from "../command.ts"
import type { Candidates } from "./candidates.ts"
import type { Found } from "./found.ts"
import type { Named } from "./names.ts"
import type { Outcome } from "./outcome.ts"
import type { Settled } from "./settle.ts"
import type { State } from "./state.ts"
import type { Texts } from "./texts.ts"

/** What servers said, and what could be made of it. */
export interface Proposal {
  readonly state: State
  readonly variables: Variables
  readonly left: Candidates["left"]
  readonly found: {
    readonly servers: readonly Found[]
    readonly outcomes: readonly { readonly candidate: Named; readonly outcome: Outcome }[]
  }
  /** With the changes of what is there, or without. */
  propose(isAccepted: boolean): Settled
}

/** What became of an import. */
export interface Result {
  readonly proposal: Proposal
  /** What servers say, all of it, and what of it was settled on. */
  readonly all: Settled
  readonly settled: Settled
  readonly texts: Texts
  readonly isAccepted: boolean
  readonly isWritten: boolean
  readonly isDry: boolean
}

/** Whether all that was asked for is there. */
export const isWhole = ({
  all,
  isAccepted,
  isDry,
  isWritten,
  proposal,
  settled,
}: Result): boolean =>
  isAccepted &&
  (isWritten || isDry) &&
  all.problems.length === 0 &&
  settled.refused.length === 0 &&
  all.changes.every((change) => !("hidden" in change) || change.hidden.length === 0) &&
  proposal.found.outcomes.every(({ outcome }) => outcome.ok) &&
  proposal.left.every(({ isFine }) => isFine)

/** Variables that entries of the configuration refer to and that nobody has set. */
export function unsetVariables({ proposal, texts }: Result, { env }: Io): readonly Variable[] {
  const written = JSON.stringify(texts.servers.add)
  return proposal.variables.all.filter(
    ({ hasDefault, name }) => written.includes(`\${${name}`) && !hasDefault && !env[name],
  )
}
