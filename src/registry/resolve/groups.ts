import type { DependencyGroup } from "../draft.ts"
import { type Dependency, serversOf, type ToolEntity } from "../model.ts"
import type { DependencyLink, Resolving, Target } from "./links.ts"
import { reportAs } from "./links.ts"
import { registeredName, resolveTarget, skillMissing, warnDeprecatedTarget } from "./names.ts"
import { resolveServer } from "./servers.ts"
import { quoted } from "./words.ts"

type ServerGroup = Extract<DependencyGroup, { readonly of: "server" }>

/** The dependencies that one element of `agent.dependencies` stands for. */
export function expandGroup(
  resolving: Resolving,
  holder: Dependency,
  group: DependencyGroup,
  pointer: string,
): readonly DependencyLink[] {
  return group.of === "agent"
    ? everySkill(resolving, holder, pointer)
    : toolsOnServer(resolving, group, pointer)
}

function everySkill(
  resolving: Resolving,
  { name: writtenName, version }: Dependency,
  pointer: string,
): readonly DependencyLink[] {
  const name = registeredName(resolving, "agent", writtenName, pointer)
  const mention = { kind: "agent" as const, name, ...(version ? { version } : {}), pointer }
  const target = resolveTarget(resolving, mention, { isPinned: false })
  if (target?.kind !== "agent") return []
  warnDeprecatedTarget(resolving, target, pointer)
  const { skills } = target.entity
  if (skills.length === 0) resolving.report(skillMissing(name, pointer, []))
  return skills.map(({ id }) => link(target, pointer, id))
}

/** Sources must be resolved before: which tools are on a server is what they say. */
function toolsOnServer(
  resolving: Resolving,
  group: ServerGroup,
  pointer: string,
): readonly DependencyLink[] {
  const { report, knobs } = resolving
  const server = resolveServer(resolving, {
    name: group.server,
    version: group.version,
    spelled: "known",
    whole: pointer,
    namePointer: pointer,
    versionPointer: pointer,
  })
  if (server === undefined) return []
  const tools = (resolving.toolsOn.get(server) ?? []).filter((tool) => isListed(tool, group.tools))
  if (tools.length === 0) {
    reportAs(knobs.missingEntity, report, {
      code: "tool_not_found",
      pointer,
      message: `no registered tool is on server ${quoted(server)}${among(group.tools)}`,
      hint: "name the tools themselves",
      data: { kind: "tool", server: group.server, tools: group.tools },
    })
    return []
  }
  const links = tools.map((entity) => link({ kind: "tool", entity }, pointer))
  report(expanded(server.name, tools, pointer))
  for (const { target } of links) if (target) warnDeprecatedTarget(resolving, target, pointer)
  return links
}

function isListed({ name, source }: ToolEntity, listed: readonly string[]): boolean {
  if (listed.length === 0 || listed.includes(name)) return true
  const own = source === undefined ? [] : serversOf(source).map(({ tool = source.tool }) => tool)
  return own.some((tool) => listed.includes(tool))
}

const among = (listed: readonly string[]): string =>
  listed.length === 0 ? "" : ` under ${listed.slice(0, 20).join(", ")}`

const expanded = (server: string, tools: readonly ToolEntity[], pointer: string) => ({
  code: "server_dependency_expanded",
  severity: "warn" as const,
  pointer,
  message: `a dependency on server ${JSON.stringify(server)} means the tools ${tools
    .slice(0, 20)
    .map(({ name }) => name)
    .join(", ")}`,
  hint: "write one dependency per tool, so that a tool added to the server is not granted unseen",
  data: { server, tools: tools.map(({ name }) => name) },
})

function link(target: Target, pointer: string, skill?: string): DependencyLink {
  const { name, version } = target.entity
  const dependency: Dependency = {
    type: target.kind,
    name,
    ...(version === undefined ? {} : { version }),
    ...(skill === undefined ? {} : { skill }),
  }
  return { dependency, name, pointer, target }
}
