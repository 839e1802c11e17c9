import { authoring, type Knobs } from "../registry/draft.ts"
import { defaultLoadLimits } from "../registry/limits.ts"
import { toEnd } from "../registry/load.ts"
import type { RegistryDocument } from "../registry/model.ts"
import type { Problem } from "../registry/problem.ts"
import { placesOf } from "../registry/read/places.ts"
import type { JsonObject } from "../schema/json.ts"
import { loadPlanned } from "./load.ts"
import { defaultPlanLimits } from "./plan/limits.ts"

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

/**
 * Checks the text of a registry document in any accepted dialect, as `postern validate` does, or a document that
 * `registry()` made: then problems name the lines of the program. Never throws.
 */
export function validate(
  document: string | JsonObject,
  { file, knobs = authoring }: ValidateOptions = {},
): Validated {
  const isText = typeof document === "string"
  const places = isText ? undefined : placesOf(document)
  const text = isText ? document : JSON.stringify(document)
  const limits = { limits: defaultLoadLimits, plans: defaultPlanLimits }
  const provenance = { ...(file !== undefined && { file }), ...(places && { places }) }
  const options = { knobs, ...limits, ...provenance }
  const loaded = toEnd(loadPlanned(text, options))
  const isSound = loaded.problems.every(({ severity }) => severity !== "error")
  return { isSound, problems: loaded.problems, document: loaded.document }
}
