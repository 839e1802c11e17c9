import type { Draft } from "../draft.ts"
import type { ToolEntity } from "../model.ts"
import type { Report } from "../problem.ts"
import type { Links } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"

/** An agent sees a tool under its plain name, so it cannot depend on two versions of one. */
export function* checkDependencyConflicts(
  { document }: Draft,
  links: Links,
  report: Report,
): Generator<void, void, void> {
  for (const agent of document.agents) {
    yield
    const seen = new Map<string, { readonly entity: ToolEntity; readonly pointer: string }>()
    for (const { target, pointer } of links.depends.get(agent) ?? []) {
      if (target?.kind !== "tool") continue
      const { entity } = target
      const first = seen.get(entity.name)
      if (first === undefined) seen.set(entity.name, { entity, pointer })
      else if (first.entity !== entity)
        report({
          code: "dependency_conflict",
          severity: "error",
          pointer,
          message: `agent ${quoted(agent)} depends on ${quoted(first.entity)} and on ${quoted(entity)}, and sees tools by plain names`,
          hint: "keep one of the two versions",
          data: { agent: agent.name, tool: entity.name },
          related: [{ pointer: first.pointer, message: "the first one" }],
        })
    }
  }
}
