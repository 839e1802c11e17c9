import type { Dialect } from "../../dialect.ts"
import type { Json } from "../../json.ts"
import type { Clause } from "./clause.ts"
import { everyKind } from "./kinds.ts"

/** A schema as a set of clauses, read when first asked for. The same place of the same document is the same node. */
export interface Node {
  /** Different for every node; a set of nodes is named by the numbers in it. */
  readonly id: number
  readonly at: string
  readonly clauses: readonly Clause[]
  /** What was read, and how; absent in nodes that no document holds. */
  readonly source?: { readonly schema: Json; readonly dialect: Dialect }
}

let lastId = 0

/** A node that no document holds. */
export const createNode = (at: string, clauses: readonly Clause[]): Node => ({
  id: ++lastId,
  at,
  clauses,
})

export function createSourceNode(
  at: string,
  source: NonNullable<Node["source"]>,
  read: () => readonly Clause[],
): Node {
  let clauses: readonly Clause[] | undefined
  return {
    id: ++lastId,
    at,
    source,
    get clauses() {
      clauses ??= read()
      return clauses
    },
  }
}

/** Whether the node is known to fit every value. */
export const isAnything = (node: Node): boolean => node.clauses.length === 0

/** Whether the node itself says that nothing fits. */
export const isNothing = (node: Node | undefined): boolean =>
  node?.clauses.some((clause) => clause.rule === "never" && clause.on === everyKind) === true
