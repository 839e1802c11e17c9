import type { Node } from "../clauses/node.ts"
import type { Draft, Split } from "./facts.ts"

/** A case that is being put together, and what is still to be read into it. */
export interface Work {
  readonly draft: Draft
  readonly agenda: Node[]
  readonly splits: Split[]
}

export const eager = (ways: Split["ways"]): Split => ({ ways, isLazy: false })
export const lazy = (ways: Split["ways"]): Split => ({ ways, isLazy: true })
