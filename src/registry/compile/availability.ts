import type { JsonSchema } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import { serversOf, type ToolEntity, type ToolSource } from "../model.ts"
import type { Links, SourceLink } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"
import type { Bundles } from "../schemas/bundle.ts"

/**
 * Why tools cannot be used although the document loads: what they need is not there, and the operator chose to go on
 * (`missingEntity: warn`). A composition that calls such a tool cannot be used either: it would stop half way.
 * `missingVariables` are the reasons that the environment gives.
 */
export function* findUnavailable(
  draft: Draft,
  links: Links,
  bundles: Bundles,
  missingVariables: ReadonlyMap<ToolEntity, string>,
): Generator<void, ReadonlyMap<ToolEntity, string>, void> {
  const reasons = new Map<ToolEntity, string>()
  const callers = new Map<ToolEntity, ToolEntity[]>()
  for (const tool of draft.document.tools) {
    yield
    const reason = reasonOf(tool, draft, links, bundles) ?? missingVariables.get(tool)
    if (reason !== undefined) reasons.set(tool, reason)
    for (const call of draft.compositions.get(tool)?.calls ?? []) {
      const target = links.calls.get(call)?.target
      if (target?.kind !== "tool") continue
      const known = callers.get(target.entity)
      if (known === undefined) callers.set(target.entity, [tool])
      else known.push(tool)
    }
  }
  spread(reasons, callers)
  return reasons
}

function spread(
  reasons: Map<ToolEntity, string>,
  callers: ReadonlyMap<ToolEntity, readonly ToolEntity[]>,
): void {
  const queue = [...reasons.keys()]
  for (const tool of queue)
    for (const caller of callers.get(tool) ?? []) {
      if (reasons.has(caller)) continue
      reasons.set(caller, `it calls ${quoted(tool)}, which is unavailable`)
      queue.push(caller)
    }
}

function reasonOf(
  tool: ToolEntity,
  draft: Draft,
  links: Links,
  bundles: Bundles,
): string | undefined {
  return (
    unresolved("inputSchema", tool.inputSchema, bundles) ??
    unresolved("outputSchema", tool.outputSchema, bundles) ??
    (tool.source && brokenSource(tool.source, links, bundles)) ??
    brokenCall(tool, draft, links)
  )
}

/** One that is missing among several is enough: its calls would go where the document did not send them. */
function brokenSource(source: ToolSource, links: Links, bundles: Bundles): string | undefined {
  for (const written of serversOf(source)) {
    const link = links.sources.get(written)
    const reason =
      (link && unprovided(written.server, written.tool ?? source.tool, link)) ??
      unresolved("server's inputSchema", link?.provision?.inputSchema, bundles) ??
      unresolved("server's outputSchema", link?.provision?.outputSchema, bundles)
    if (reason !== undefined) return reason
  }
  return
}

function unprovided(server: string, tool: string, link: SourceLink): string | undefined {
  if (link.server === undefined) return `server ${quoted({ name: server })} is not registered`
  if (link.provision !== undefined) return
  return `server ${quoted(link.server)} does not provide ${JSON.stringify(tool)}`
}

function unresolved(
  what: string,
  schema: JsonSchema | undefined,
  bundles: Bundles,
): string | undefined {
  const bundle = schema === undefined ? undefined : bundles.of(schema)
  if (bundle?.kind !== "unresolved") return
  return `its ${what} refers to ${bundle.ref}, which is not registered`
}

function brokenCall(tool: ToolEntity, { compositions }: Draft, links: Links): string | undefined {
  for (const call of compositions.get(tool)?.calls ?? []) {
    const link = links.calls.get(call)
    if (link === undefined) continue
    const isBroken =
      call.kind === "direct" ? link.source?.provision === undefined : link.target === undefined
    if (isBroken) return `it calls ${quoted({ name: link.name })}, which is not registered`
  }
  return
}
