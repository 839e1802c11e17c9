import type { Draft } from "../draft.ts"
import { type ServerEntity, serversOf, type ToolEntity } from "../model.ts"
import type { Report } from "../problem.ts"
import type { Links } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"

/** What servers provide against what the registered tools draw on. */
export function* checkProvisions(
  draft: Draft,
  links: Links,
  report: Report,
): Generator<void, void, void> {
  const drawn = new Map<ServerEntity, Set<string>>()
  for (const tool of draft.document.tools) {
    const { source } = tool
    if (source === undefined) continue
    for (const one of serversOf(source)) {
      const link = links.sources.get(one)
      if (link?.server === undefined) continue
      const name = one.tool ?? source.tool
      drawn.set(link.server, (drawn.get(link.server) ?? new Set()).add(name))
      if (name === tool.name) reportMismatch(tool, link.provision?.version, draft, report)
    }
    yield
  }
  for (const server of draft.document.servers) {
    reportIdle(server, drawn.get(server), draft, report)
    yield
  }
}

function reportIdle(
  server: ServerEntity,
  drawn: ReadonlySet<string> | undefined,
  { origins }: Draft,
  report: Report,
): void {
  for (const provision of server.provides) {
    if (drawn?.has(provision.tool)) continue
    report({
      code: "provision_not_registered",
      severity: "warn",
      pointer: origins.of(provision),
      message: `no registered tool draws on ${JSON.stringify(provision.tool)} of server ${quoted(server)}`,
      hint: "register a tool with it as source, if agents should have it",
      data: { server: server.name, tool: provision.tool },
    })
  }
}

/** A tool registered under the server's own name for it, in another version than the server provides. */
function reportMismatch(
  tool: ToolEntity,
  provided: string | undefined,
  { origins }: Draft,
  report: Report,
): void {
  if (tool.version === undefined || provided === undefined || provided === tool.version) return
  report({
    code: "provision_version_mismatch",
    severity: "warn",
    pointer: origins.of(tool, "version"),
    message: `tool ${quoted(tool)} draws on a provision of version ${provided}`,
    hint: "register the version that the server provides",
    data: { name: tool.name, version: tool.version, provided },
  })
}
