import type { JsonObject } from "../schema/json.ts"
import { authoring } from "./draft.ts"
import type { LoadLimits } from "./limits.ts"
import { normalise } from "./normalise/normalise.ts"
import type { Problem } from "./problem.ts"
import { readDocument } from "./read/read-document.ts"
import { resolve } from "./resolve/resolve.ts"
import { linkSchemas } from "./schemas/link-schemas.ts"
import { documentJson } from "./write/document-json.ts"
import { pinDocument } from "./write/pin.ts"

export interface MigrateOptions {
  readonly limits: LoadLimits
  /** Given to every entity that has no version; without it none is invented. */
  readonly assumeVersion?: string
  /** Nothing, where something cannot be read: it would be left out. */
  readonly isWhole?: boolean
}

/**
 * A document of any dialect in the canonical spelling of version 2.0, with what its references mean written out.
 * Migrating the result changes nothing, and the catalog of the result is that of the document. Undefined when the
 * text cannot be read at all; its problems are those of loading it, and are not found out a second time here.
 */
export function* migrate(
  text: string,
  { limits, assumeVersion, isWhole = false }: MigrateOptions,
): Generator<void, JsonObject | undefined, void> {
  const { tree } = yield* readDocument(text, limits)
  if (tree === undefined) return
  const { draft, problems } = yield* normalise(tree, limits)
  if (draft === undefined || (isWhole && problems.some(isError))) return
  const links = yield* resolve(draft, authoring, ignore)
  const schemas = yield* linkSchemas(draft, links, authoring, ignore)
  const assumed = assumeVersion === undefined ? {} : { assumeVersion }
  return documentJson(yield* pinDocument(draft, { links, schemas, ...assumed }))
}

const isError = ({ severity }: Problem) => severity === "error"
const ignore = () => undefined
