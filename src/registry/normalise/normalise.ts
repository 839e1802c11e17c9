import type { JsonObject } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type { LoadLimits } from "../load.ts"
import type { Problem } from "../problem.ts"

export interface Normalised {
  /** Absent when the document's `schemaVersion` is none that can be read. */
  readonly draft: Draft | undefined
  readonly problems: readonly Problem[]
}

/** From the tree as written, in whatever dialect, to the canonical document. Pauses after every entity. */
// biome-ignore lint/correctness/useYield: thin
export function* normalise(
  _tree: JsonObject,
  _limits: LoadLimits,
): Generator<void, Normalised, void> {
  return { draft: undefined, problems: [] }
}
