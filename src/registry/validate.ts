import { authoring, type Knobs } from "./draft.ts"
import { defaultLoadLimits } from "./limits.ts"
import { loadRegistry, toEnd } from "./load.ts"
import type { RegistryDocument } from "./model.ts"
import type { Problem } from "./problem.ts"

export interface ValidateOptions {
  /** Shown in problems. */
  readonly file?: string
  /** Severities of missing and deprecated entities and of unused schemas; otherwise those for authors. */
  readonly knobs?: Knobs
}

export interface Validated {
  /** No problem is an error: the gateway would load the document. */
  readonly isSound: boolean
  /** In the order of the document, with line and column. */
  readonly problems: readonly Problem[]
  /** The canonical form; undefined when the text could not be read as a document. */
  readonly document: RegistryDocument | undefined
}

/** Checks the text of a registry document in any accepted dialect, as `postern validate` does. Never throws. */
export function validate(
  text: string,
  { file, knobs = authoring }: ValidateOptions = {},
): Validated {
  const options = { knobs, limits: defaultLoadLimits, ...(file !== undefined && { file }) }
  const { problems, document } = toEnd(loadRegistry(text, options))
  return { isSound: problems.every(({ severity }) => severity !== "error"), problems, document }
}
