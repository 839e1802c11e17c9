import type { Node } from "../clauses/node.ts"
import type { Draft } from "./facts.ts"

/** A case that is being put together, and what is still to be read into it. */
export interface Work {
  readonly draft: Draft
  readonly agenda: Node[]
  /** Each is a list of alternatives, each of which is a list of nodes that hold together. */
  readonly splits: (readonly (readonly Node[])[])[]
}
