import type { Draft } from "../../src/registry/draft.ts"
import { defaultLoadLimits, type LoadLimits } from "../../src/registry/limits.ts"
import { toEnd } from "../../src/registry/load.ts"
import { migrate } from "../../src/registry/migrate.ts"
import { normalise } from "../../src/registry/normalise/normalise.ts"
import type { Problem } from "../../src/registry/problem.ts"
import { placeProblems } from "../../src/registry/read/position.ts"
import { readDocument } from "../../src/registry/read/read-document.ts"

/** A document's text on its way to the canonical form, before its references are resolved. */
export interface Reading {
  readonly problems: readonly Problem[]
  readonly draft: Draft | undefined
}

export function readText(text: string, limits: Partial<LoadLimits> = {}): Reading {
  const all = { ...defaultLoadLimits, ...limits }
  const { tree, problems } = toEnd(readDocument(text, all))
  if (tree === undefined)
    return { problems: toEnd(placeProblems(problems, text)), draft: undefined }
  const normalised = toEnd(normalise(tree, all))
  return { draft: normalised.draft, problems: toEnd(placeProblems(normalised.problems, text)) }
}

/** A 2.0 document with these members. */
const documentOf = (members: object): string => JSON.stringify({ schemaVersion: "2.0", ...members })

export const readMembers = (members: object): Reading => readText(documentOf(members))

/** `code pointer` of every problem but the emptiness of documents that are about something else. */
export const found = ({ problems }: Reading): string[] =>
  problems
    .filter(({ code }) => code !== "registry_empty")
    .map(({ code, pointer }) => `${code} ${pointer}`)

/** The members of the document in canonical spelling. */
export function canonicalOf(members: object, assumeVersion?: string): unknown {
  const assumed = assumeVersion === undefined ? {} : { assumeVersion }
  return toEnd(migrate(documentOf(members), { limits: defaultLoadLimits, ...assumed }))
}
