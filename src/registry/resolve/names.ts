import type { AgentEntity, ToolEntity } from "../model.ts"
import { type Resolving, reportAs, type Target } from "./links.ts"
import type { Named } from "./named.ts"
import { lookUp } from "./rule.ts"
import { ambiguous, type Mention, noteProblem, notFound, quoted } from "./words.ts"

const prefix = "virtual_"

/**
 * The registered name that `name` means: tools were once exposed as `virtual_<name>`, and documents still call them so.
 */
export function registeredName(
  { links, report }: Resolving,
  kind: "tool" | "agent",
  name: string,
  pointer: string,
): string {
  if (kind === "agent" || links.tools.has(name) || !name.startsWith(prefix)) return name
  const rest = name.slice(prefix.length)
  if (!links.tools.has(rest)) return name
  report({
    code: "virtual_prefix_stripped",
    severity: "warn",
    pointer,
    message: `no tool ${quoted({ name })} is registered; ${quoted({ name: rest })} is meant`,
    hint: `write ${rest}`,
    data: { name, registered: rest },
  })
  return rest
}

/** A dependency or call to look up. */
export interface TargetMention extends Mention {
  readonly kind: "tool" | "agent"
}

/**
 * The tool or agent meant, with its problems reported. `isPinned`: its version will be written down for the author, so
 * that a reference without one needs no warning.
 */
export function resolveTarget(
  resolving: Resolving,
  mention: TargetMention,
  { isPinned }: { readonly isPinned: boolean },
): Target | undefined {
  const { links } = resolving
  if (mention.kind === "tool") {
    const entity = found<ToolEntity>(resolving, links.tools, mention, isPinned)
    return entity && { kind: "tool", entity }
  }
  const entity = found<AgentEntity>(resolving, links.agents, mention, isPinned)
  return entity && { kind: "agent", entity }
}

function found<T extends ToolEntity | AgentEntity>(
  { report, knobs }: Resolving,
  entities: Named<T>,
  mention: TargetMention,
  isPinned: boolean,
): T | undefined {
  const outcome = lookUp(entities, mention.name, mention.version)
  switch (outcome.kind) {
    case "broken":
      return
    case "ambiguous":
      report(ambiguous(mention, outcome.versions))
      return
    case "missing": {
      const problem = notFound(mention, outcome.versions, entities.names())
      reportAs(knobs.missingEntity, report, problem)
      return
    }
    case "found": {
      const problem = noteProblem(mention, outcome)
      const isNews = problem !== undefined && !(isPinned && problem.code === "reference_unpinned")
      if (isNews) report(problem)
      return outcome.entity
    }
  }
}

/** Warns of a deprecated tool or agent that is used at `pointer`. */
export function warnDeprecatedTarget(
  { knobs, report }: Resolving,
  { kind, entity }: Target,
  pointer: string,
): void {
  if (entity.deprecated !== true) return
  reportAs(knobs.deprecatedEntity, report, {
    code: `deprecated_${kind}`,
    pointer,
    message: `${kind} ${quoted(entity)} is deprecated`,
    ...(entity.deprecationMessage === undefined ? {} : { hint: entity.deprecationMessage }),
    data: { name: entity.name },
  })
}

/** Whether the agent has the skill; a missing one is reported at `pointer`. */
export function checkSkill(
  { knobs, report }: Resolving,
  agent: AgentEntity,
  skill: string,
  pointer: string,
): boolean {
  if (agent.skills.some(({ id }) => id === skill)) return true
  const skills = agent.skills.slice(0, 20).map(({ id }) => id)
  reportAs(knobs.missingEntity, report, {
    code: "skill_not_found",
    pointer,
    message: `agent ${quoted(agent)} has no skill ${JSON.stringify(skill)}`,
    hint: skills.length === 0 ? "it declares no skills" : `its skills: ${skills.join(", ")}`,
    data: { agent: agent.name, skill, skills },
  })
  return false
}

export const skillMissing = (agent: string, pointer: string, skills: readonly string[]) => ({
  code: "skill_missing",
  severity: "error" as const,
  pointer,
  message: `agent ${JSON.stringify(agent)} is named without the skill that is called`,
  hint:
    skills.length === 0
      ? "write the skill"
      : `write the skill: one of ${skills.slice(0, 20).join(", ")}`,
  data: { agent, skills: skills.slice(0, 20) },
})
