import type { Draft, Knobs } from "../draft.ts"
import type { Report } from "../problem.ts"
import { resolveCalls } from "./calls.ts"
import { resolveDepends } from "./dependencies.ts"
import { indexEntities, mixedVersioning } from "./entities.ts"
import { beginResolving, type Links, type Resolving } from "./links.ts"
import { resolveEndpoint, resolveSource } from "./sources.ts"

/**
 * What every reference between servers, tools and agents means, with the problems of those that mean nothing.
 * References between schemas are the business of `registry/schemas/`. Pauses after every few entities.
 */
export function* resolve(draft: Draft, knobs: Knobs, report: Report): Generator<void, Links, void> {
  const resolving = beginResolving(draft, knobs, report)
  const { document, compositions } = draft
  yield* indexEntities(resolving)
  for (const tool of document.tools) {
    const composition = compositions.get(tool)
    if (tool.source !== undefined) resolveSource(resolving, tool, tool.source)
    if (tool.depends !== undefined) resolveDepends(resolving, tool)
    if (composition !== undefined) resolveCalls(resolving, tool, composition)
    yield
  }
  for (const agent of document.agents) {
    resolveDepends(resolving, agent)
    resolveEndpoint(resolving, agent)
    yield
  }
  reportMixedImplied(resolving)
  return resolving.links
}

/** Written out, implied servers of one name with and without a version would be as unclear as declared ones. */
function reportMixedImplied({ implied, draft, report }: Resolving): void {
  for (const servers of implied.versioned()) {
    const unversioned = servers.find(({ version }) => version === undefined)
    if (unversioned !== undefined)
      report(mixedVersioning("server", unversioned, draft.origins.of(unversioned)))
  }
}
