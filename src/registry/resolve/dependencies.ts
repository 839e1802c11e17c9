import type { AgentEntity, Dependency, ToolEntity } from "../model.ts"
import { expandGroup } from "./groups.ts"
import type { DependencyLink, Resolving, Target } from "./links.ts"
import {
  checkSkill,
  registeredName,
  resolveTarget,
  skillMissing,
  warnDeprecatedTarget,
} from "./names.ts"

/** What the written `depends` of an agent or tool mean, with groups expanded in their places. */
export function resolveDepends(resolving: Resolving, owner: ToolEntity | AgentEntity): void {
  const { draft, links } = resolving
  const known = new Set<string>()
  const resolved: DependencyLink[] = []
  for (const dependency of owner.depends ?? []) {
    const group = draft.groups?.get(dependency)
    const pointer = draft.origins.of(dependency)
    if (group !== undefined) {
      const expanded = expandGroup(resolving, dependency, group, pointer)
      resolved.push(...expanded.filter((link) => isFirst(known, link)))
    } else {
      const link = resolveDependency(resolving, dependency, pointer)
      if (!isFirst(known, link)) reportDuplicate(resolving, link)
      resolved.push(link)
    }
  }
  links.depends.set(owner, resolved)
}

function resolveDependency(
  resolving: Resolving,
  dependency: Dependency,
  pointer: string,
): DependencyLink {
  const { type, version, skill } = dependency
  const namePointer = resolving.draft.origins.of(dependency, "name")
  const name = registeredName(resolving, type, dependency.name, namePointer)
  const mention = { kind: type, name, ...(version === undefined ? {} : { version }), pointer }
  const target = resolveTarget(resolving, mention, { isPinned: false })
  if (target !== undefined) warnDeprecatedTarget(resolving, target, pointer)
  if (type === "agent" && skill === undefined)
    resolving.report(skillMissing(name, pointer, skillsOf(target)))
  if (target?.kind !== "agent") return { dependency, name, pointer, target }
  if (skill === undefined) return { dependency, name, pointer, target: undefined }
  const skillPointer = resolving.draft.origins.of(dependency, "skill")
  const hasSkill = checkSkill(resolving, target.entity, skill, skillPointer)
  return { dependency, name, pointer, target: hasSkill ? target : undefined }
}

const skillsOf = (target: Target | undefined): readonly string[] =>
  target?.kind === "agent" ? target.entity.skills.map(({ id }) => id) : []

/** Whether nothing before it named the same tool, or the same skill of the same agent. */
function isFirst(known: Set<string>, { dependency, name, target }: DependencyLink): boolean {
  const version = target === undefined ? dependency.version : target.entity.version
  const key = JSON.stringify([dependency.type, name, version ?? null, dependency.skill ?? null])
  if (known.has(key)) return false
  known.add(key)
  return true
}

function reportDuplicate({ report }: Resolving, { dependency, name, pointer }: DependencyLink) {
  report({
    code: "duplicate_dependency",
    severity: "warn",
    pointer,
    message: `${dependency.type} ${JSON.stringify(name)} is named twice in one depends`,
    hint: "remove one of them",
    data: { type: dependency.type, name },
  })
}
