import type { Catalog } from "./catalog.ts"
import { deriveAnnotations } from "./compile/annotations.ts"
import { compile } from "./compile/compile.ts"
import { type Details, detailsOf } from "./details.ts"
import type { Draft, Knobs } from "./draft.ts"
import type { LoadLimits } from "./limits.ts"
import type { RegistryDocument, ToolEntity } from "./model.ts"
import { normalise } from "./normalise/normalise.ts"
import type { Problem } from "./problem.ts"
import type { Provenance } from "./read/places.ts"
import { placeProblems } from "./read/position.ts"
import { readDocument } from "./read/read-document.ts"
import { resolve } from "./resolve/resolve.ts"
import { checkRules } from "./rules/check-rules.ts"
import { Bundles } from "./schemas/bundle.ts"
import { linkSchemas } from "./schemas/link-schemas.ts"
import { pinDocument } from "./write/pin.ts"

export interface LoadOptions extends Provenance {
  readonly knobs: Knobs
  readonly limits: LoadLimits
  /** Fills `${NAME}` in defaults. Absent: validation alone, which never looks at the environment. */
  readonly env?: (name: string) => string | undefined
  /** The claims of callers that the configuration lets tools have, with `env`. Absent: none. */
  readonly claims?: ReadonlySet<string>
}

export interface Loaded {
  /** Sorted by position in the document, then code; with file, line and column. */
  readonly problems: readonly Problem[]
  /** The canonical form, with references pinned; absent only when the document could not be read at all. */
  readonly document: RegistryDocument | undefined
  /** Only when no problem is an error. */
  readonly catalog: Catalog | undefined
  /** Where a part of a tool was written, by its pointer into the canonical form: for whoever checks more than this. */
  readonly origin: Origin
  /** What else is known of the parts of the document; absent where there is no catalog. */
  readonly details: Details | undefined
}

export type Origin = (tool: ToolEntity, pointer: string) => string

/**
 * From the bytes of a registry document to its problems and, when it is sound, its catalog: read, normalise, resolve,
 * check, compile. Each stage reports all it finds, and none of them stops at the first. A generator, so that the
 * gateway can load a large document in slices between calls; each `yield` is a place to pause. Drive it with
 * {@link toEnd} where nobody waits.
 */
export function* loadRegistry(text: string, options: LoadOptions): Generator<void, Loaded, void> {
  const read = yield* readDocument(text, options.limits)
  const problems = [...read.problems]
  const normalised = read.tree && (yield* normalise(read.tree, options.limits))
  problems.push(...(normalised?.problems ?? []))
  const known = normalised?.draft && (yield* checkDraft(normalised.draft, options, problems))
  const placed = problems.length === 0 ? [] : yield* placeProblems(problems, text, options)
  const origin = originIn(normalised?.draft, known?.document)
  const { document, catalog, details } = known ?? unread
  return { problems: placed, document, catalog, origin, details }
}

type Known = Pick<Loaded, "document" | "catalog" | "details">

const unread: Known = { document: undefined, catalog: undefined, details: undefined }

function originIn(draft: Draft | undefined, pinned: RegistryDocument | undefined): Origin {
  let indexes: ReadonlyMap<ToolEntity, number> | undefined
  return (tool, pointer) => {
    indexes ??= new Map(pinned?.tools.map((one, index) => [one, index]))
    const drafted = draft?.document.tools[indexes.get(tool) ?? -1] // pinning keeps entities in their order
    return drafted === undefined ? "" : (draft?.origins.follow(drafted, pointer) ?? "")
  }
}

/** What a document is once it has been read; problems are added to those of reading it. */
function* checkDraft(
  draft: Draft,
  { knobs, env, claims = new Set() }: LoadOptions,
  problems: Problem[],
): Generator<void, Known, void> {
  const report = (problem: Problem) => void problems.push(problem)
  const links = yield* resolve(draft, knobs, report)
  const schemas = yield* linkSchemas(draft, links, knobs, report)
  const bundles = new Bundles(schemas)
  const annotations = yield* deriveAnnotations(draft, links)
  yield* checkRules({ draft, links, schemas, bundles, annotations, knobs, report })
  const document = yield* pinDocument(draft, { links, schemas })
  if (problems.some(({ severity }) => severity === "error")) return { ...unread, document }
  const sound = { draft, links, bundles, annotations, pinned: document }
  const catalog = yield* compile(sound, env && { env, claims }, report)
  return { document, catalog, details: detailsOf({ draft, schemas, bundles, pinned: document }) }
}

/** Runs a sliced computation in one go. */
export function toEnd<T>(slices: Generator<void, T, void>): T {
  for (;;) {
    const step = slices.next()
    if (step.done) return step.value
  }
}
