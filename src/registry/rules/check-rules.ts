import type { Annotations } from "../compile/annotations.ts"
import type { Draft, Knobs } from "../draft.ts"
import type { Report } from "../problem.ts"
import type { Links } from "../resolve/links.ts"
import type { Bundles } from "../schemas/bundle.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import { findSchemaLoops } from "../schemas/loops.ts"
import { checkCaseTwins } from "./case-twins.ts"
import { checkCycles } from "./cycles.ts"
import { checkDependencyConflicts } from "./dependency-conflicts.ts"
import { checkHiddenText } from "./hidden-text.ts"
import { checkProvisions } from "./provisions.ts"
import { checkRootTypes } from "./root-types.ts"
import { checkSharedSources } from "./shared-sources.ts"
import { checkSoundness } from "./sound-schemas.ts"
import { checkAnnotations } from "./unsafe-annotations.ts"
import { checkUnusedSchemas } from "./unused-schemas.ts"

/** A document whose references are resolved, and what its rules need besides. */
export interface Resolved {
  readonly draft: Draft
  readonly links: Links
  readonly schemas: SchemaLinks
  readonly bundles: Bundles
  readonly annotations: Annotations
  readonly knobs: Knobs
  readonly report: Report
}

/** Every check that looks at more than one reference at a time. */
export function* checkRules(resolved: Resolved): Generator<void, void, void> {
  const { draft, links, schemas, bundles, annotations, knobs, report } = resolved
  yield* checkProvisions(draft, links, report)
  yield* checkDependencyConflicts(draft, links, report)
  yield* checkUnusedSchemas(draft, links, schemas, knobs, report)
  yield* checkSharedSources({ draft, links, bundles, report })
  yield* checkCycles(draft, links, report)
  yield* checkAnnotations(draft, annotations, report)
  yield* checkHiddenText(draft, report)
  yield* checkCaseTwins(draft, report)
  yield* checkRootTypes(schemas, bundles, report)
  const looping = yield* findSchemaLoops(schemas, report)
  yield* checkSoundness(schemas, bundles, looping, report)
}
