import type { CallSite, Composition, Dependency, ToolEntity } from "../model.ts"
import type { CallLink, DependencyLink, Resolving, Target } from "./links.ts"
import { reportAs } from "./links.ts"
import {
  checkSkill,
  registeredName,
  resolveTarget,
  skillMissing,
  warnDeprecatedTarget,
} from "./names.ts"
import { resolveDirectCall } from "./sources.ts"
import { ambiguous, notFound, quoted } from "./words.ts"

/** What a composition calls: by the versions of its `depends`, or, where it has none, by the table alone. */
export function resolveCalls(resolving: Resolving, tool: ToolEntity, found: Composition): void {
  const { links } = resolving
  const declared = tool.depends === undefined ? undefined : (links.depends.get(tool) ?? [])
  const byName =
    declared && Map.groupBy(declared, ({ dependency, name }) => keyOf(dependency.type, name))
  for (const call of found.calls) links.calls.set(call, resolveCall(resolving, call, byName))
  if (declared === undefined) derive(resolving, tool, found)
  else reportUnused(resolving, declared, found)
}

/** Dependencies by what they name: a hostile composition has a hundred thousand calls, and looks for each among all. */
type Declared = ReadonlyMap<string, readonly DependencyLink[]>

const keyOf = (type: CallSite["kind"], name: string): string => `${type} ${name}`

function resolveCall(
  resolving: Resolving,
  call: CallSite,
  declared: Declared | undefined,
): CallLink {
  const { kind } = call
  if (kind === "direct") {
    const source = resolveDirectCall(resolving, call)
    return { name: call.name, target: undefined, skill: undefined, source }
  }
  const name = registeredName(resolving, kind, call.name, call.namePointer)
  const registryCall: RegistryCall = { ...call, kind, name }
  return declared === undefined
    ? undeclaredCall(resolving, registryCall)
    : declaredCall(resolving, registryCall, declared)
}

/** A call of a registered tool or agent, under its registered name. */
interface RegistryCall extends CallSite {
  readonly kind: "tool" | "agent"
}

function undeclaredCall(resolving: Resolving, call: RegistryCall): CallLink {
  const target = resolveTarget(resolving, call, { isPinned: true })
  if (target !== undefined) warnDeprecatedTarget(resolving, target, call.pointer)
  if (target?.kind !== "agent") return linked(call, target, undefined)
  if (call.skill === undefined) {
    const skills = target.entity.skills.map(({ id }) => id)
    resolving.report(skillMissing(call.name, call.pointer, skills))
    return linked(call, undefined, undefined)
  }
  const hasSkill = checkSkill(resolving, target.entity, call.skill, `${call.pointer}/skill`)
  return linked(call, hasSkill ? target : undefined, call.skill)
}

function declaredCall(resolving: Resolving, call: RegistryCall, declared: Declared): CallLink {
  const named = declared.get(keyOf(call.kind, call.name)) ?? []
  const fitting = named.filter((dependency) => isMeant(call, dependency))
  if (fitting.length === 0) {
    reportUndeclared(resolving, call, named)
    return linked(call, undefined, call.skill)
  }
  const targets = new Set(fitting.flatMap(({ target }) => target?.entity ?? []))
  if (targets.size > 1) {
    const versions = [...targets].flatMap(({ version }) => version ?? [])
    resolving.report(ambiguous(call, versions))
    return linked(call, undefined, call.skill)
  }
  const skills = new Set(fitting.flatMap(({ dependency }) => dependency.skill ?? []))
  const [skill] = skills
  if (call.kind === "agent" && skills.size > 1) {
    resolving.report(skillMissing(call.name, call.pointer, [...skills]))
    return linked(call, undefined, undefined)
  }
  return linked(call, fitting.find(({ target }) => target)?.target, skill)
}

/** Whether a dependency of the same name is the one this call means: by version and skill, where it writes them. */
function isMeant(call: RegistryCall, { dependency, target }: DependencyLink): boolean {
  if (call.skill !== undefined && dependency.skill !== call.skill) return false
  if (call.version === undefined) return true
  return dependency.version === call.version || target?.entity.version === call.version
}

function reportUndeclared(
  resolving: Resolving,
  call: RegistryCall,
  named: readonly DependencyLink[],
): void {
  const { links, report, knobs } = resolving
  const registered = call.kind === "tool" ? links.tools : links.agents
  if (named.length === 0 && !registered.has(call.name)) {
    reportAs(knobs.missingEntity, report, notFound(call, [], registered.names()))
    return
  }
  report({
    code: "call_not_in_depends",
    severity: "error",
    pointer: call.pointer,
    message: `calls ${call.kind} ${quoted(call)}${ofSkill(call)}, which is not in the depends of this composition`,
    hint: "add it to depends, with its version",
    data: { kind: call.kind, name: call.name },
  })
}

const ofSkill = ({ skill }: RegistryCall) =>
  skill === undefined ? "" : ` (skill ${JSON.stringify(skill)})`

/** A composition without `depends` gets the one that its calls need. */
function derive(resolving: Resolving, tool: ToolEntity, found: Composition): void {
  const { links, report, draft } = resolving
  const derived = derivedFrom(resolving, found)
  links.depends.set(tool, derived)
  links.derived.add(tool)
  const pointer = draft.origins.of(tool)
  if (found.isDynamic) {
    report({
      code: "depends_required",
      severity: "error",
      pointer,
      message: `tool ${quoted(tool)} chooses at run time what it calls and declares no depends to choose from`,
      hint: "list in depends every tool it may call",
      ...(found.dynamicPointer === undefined
        ? {}
        : { related: [{ pointer: found.dynamicPointer, message: "chooses here" }] }),
    })
    return
  }
  if (derived.length === 0) return
  report({
    code: "depends_derived",
    severity: "warn",
    pointer,
    message: `tool ${quoted(tool)} declares no depends; its calls are taken for them`,
    hint: "write depends, so that a changed spec cannot widen what it may call",
    data: { depends: derived.map(({ name }) => name) },
  })
}

function derivedFrom(resolving: Resolving, { calls }: Composition): readonly DependencyLink[] {
  const byKey = new Map<string, DependencyLink>()
  for (const call of calls) {
    const { target, skill } = resolving.links.calls.get(call) ?? {}
    if (target === undefined) continue
    const { name, version } = target.entity
    const key = JSON.stringify([target.kind, name, version ?? null, skill ?? null])
    if (byKey.has(key)) continue
    const dependency: Dependency = {
      type: target.kind,
      name,
      ...(version === undefined ? {} : { version }),
      ...(skill === undefined ? {} : { skill }),
    }
    byKey.set(key, { dependency, name, pointer: call.pointer, target })
  }
  return [...byKey.values()]
}

/** A dependency that no call uses, unless the composition chooses its calls at run time. */
function reportUnused(
  { links, report }: Resolving,
  declared: readonly DependencyLink[],
  { calls, isDynamic }: Composition,
): void {
  if (isDynamic) return
  const used = new Uses(calls, links.calls)
  for (const link of declared) {
    if (link.target === undefined || used.has(link)) continue
    const { type } = link.dependency
    report({
      code: "depends_unused",
      severity: "warn",
      pointer: link.pointer,
      message: `${type} ${quoted(link.target.entity)} is in depends and never called`,
      hint: "remove it: a composition is granted no more than it uses",
      data: { type, name: link.name },
    })
  }
}

/** What the calls of one composition use of its `depends`. */
class Uses {
  readonly #resolved = new Map<object, Set<string | undefined>>()
  readonly #unresolved = new Set<string>()

  constructor(calls: readonly CallSite[], links: ReadonlyMap<CallSite, CallLink>) {
    for (const call of calls) {
      const { target, skill, name } = links.get(call) ?? {}
      if (target === undefined) this.#unresolved.add(keyOf(call.kind, name ?? call.name))
      else {
        const skills = this.#resolved.get(target.entity) ?? new Set()
        this.#resolved.set(target.entity, skills.add(skill))
      }
    }
  }

  /** A call with a problem counts as a use of all that it may have meant: one problem is enough. */
  has({ dependency, name, target }: DependencyLink): boolean {
    if (this.#unresolved.has(keyOf(dependency.type, name))) return true
    return target !== undefined && this.#resolved.get(target.entity)?.has(dependency.skill) === true
  }
}

const linked = (
  { name }: RegistryCall,
  target: Target | undefined,
  skill: string | undefined,
): CallLink => ({ name, target, skill, source: undefined })
