import type { Catalog } from "./catalog.ts"
import type { Knobs } from "./draft.ts"
import type { RegistryDocument } from "./model.ts"
import type { Problem } from "./problem.ts"

export interface LoadOptions {
  /** Shown in problems. */
  readonly file?: string
  readonly knobs: Knobs
  readonly limits: LoadLimits
  /** Fills `${NAME}` in defaults. Absent: validation alone, which never looks at the environment. */
  readonly env?: (name: string) => string | undefined
}

export interface LoadLimits {
  readonly documentBytesMax: number
  readonly depthMax: number
  readonly entitiesMax: number
  readonly dependsMax: number
}

export const defaultLoadLimits: LoadLimits = {
  documentBytesMax: 32 * 1024 * 1024,
  depthMax: 128,
  entitiesMax: 100_000,
  dependsMax: 1_000,
}

export interface Loaded {
  /** Sorted by position in the document, then code; with file, line and column. */
  readonly problems: readonly Problem[]
  /** The canonical form, with references pinned; absent only when the document could not be read at all. */
  readonly document: RegistryDocument | undefined
  /** Only when no problem is an error. */
  readonly catalog: Catalog | undefined
}

/**
 * From the bytes of a registry document to its problems and, when it is sound, its catalog. A generator, so that the
 * gateway can load a large document in slices between calls; each `yield` is a place to pause. Drive it with
 * {@link toEnd} where nobody waits.
 */
export declare function loadRegistry(
  text: string,
  options: LoadOptions,
): Generator<void, Loaded, void>

/** Runs a sliced computation in one go. */
export function toEnd<T>(slices: Generator<void, T, void>): T {
  for (;;) {
    const step = slices.next()
    if (step.done) return step.value
  }
}
