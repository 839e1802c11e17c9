import { isObject, member } from "../../schema/json.ts"
import {
  type AgentEntity,
  type CallSite,
  type OneServer,
  type ServerEntity,
  type SourceServer,
  serversOf,
  type ToolEntity,
  type ToolSource,
} from "../model.ts"
import { type Resolving, reportAs, type SourceLink } from "./links.ts"
import { resolveProvision, resolveServer, type ServerMention } from "./servers.ts"
import { quoted } from "./words.ts"

/** The servers and the provisions that a tool's `source` names. */
export function resolveSource(resolving: Resolving, tool: ToolEntity, source: ToolSource): void {
  const found = new Set<ServerEntity>()
  for (const server of serversOf(source)) {
    const entity = resolveMember(resolving, source, server)
    if (entity === undefined || found.has(entity)) continue
    found.add(entity)
    const others = resolving.toolsOn.get(entity)
    if (others === undefined) resolving.toolsOn.set(entity, [tool])
    else others.push(tool)
  }
}

function resolveMember(
  resolving: Resolving,
  source: ToolSource,
  written: OneServer | SourceServer,
): ServerEntity | undefined {
  const { origins, spelledTarget } = resolving.draft
  const mention: ServerMention = {
    name: written.server,
    version: written.serverVersion,
    spelled: spelledTarget.has(written) ? "target" : "server",
    whole: origins.of(written),
    namePointer: origins.of(written, "server"),
    versionPointer: origins.of(written, "serverVersion"),
  }
  const server = resolveServer(resolving, mention)
  if (server !== undefined) warnDeprecated(resolving, server, mention.namePointer)
  const toolPointer = origins.of(written.tool === undefined ? source : written, "tool")
  const link = resolveProvision(resolving, server, written.tool ?? source.tool, toolPointer)
  resolving.links.sources.set(written, link)
  return server
}

/** A call past the registry to a tool of a server: an anonymous source inside its composition. */
export function resolveDirectCall(resolving: Resolving, call: CallSite): SourceLink {
  const { pointer, name } = call
  resolving.report({
    code: "direct_server_call",
    severity: "warn",
    pointer,
    message: `calls the tool ${JSON.stringify(name)} of server ${JSON.stringify(call.server)} past the registry`,
    hint: "register the tool and depend on it",
    data: { tool: name, server: call.server ?? "" },
  })
  const server = resolveServer(resolving, {
    name: call.server ?? "",
    version: call.serverVersion,
    spelled: call.spelledTarget === true ? "target" : "server",
    whole: pointer,
    namePointer: pointer,
    versionPointer: pointer,
  })
  if (server !== undefined) warnDeprecated(resolving, server, pointer)
  return resolveProvision(resolving, server, name, pointer)
}

/** An agent that is reached as an MCP server: `endpoint.mcp` stays in its card and is looked up like a source. */
export function resolveEndpoint(resolving: Resolving, agent: AgentEntity): void {
  const endpoint = member(agent.card, "endpoint")
  const mcp = isObject(endpoint) ? member(endpoint, "mcp") : undefined
  const name = isObject(mcp) ? member(mcp, "server") : undefined
  const version = isObject(mcp) ? member(mcp, "serverVersion") : undefined
  if (typeof name !== "string") return
  const whole = `${resolving.draft.origins.of(agent)}/endpoint/mcp`
  const server = resolveServer(resolving, {
    name,
    version: typeof version === "string" ? version : undefined,
    spelled: "server",
    whole,
    namePointer: `${whole}/server`,
    versionPointer: `${whole}/serverVersion`,
  })
  if (server === undefined) return
  warnDeprecated(resolving, server, `${whole}/server`)
  resolving.links.endpoints.set(agent, server)
}

function warnDeprecated(resolving: Resolving, server: ServerEntity, pointer: string): void {
  if (server.deprecated !== true) return
  reportAs(resolving.knobs.deprecatedEntity, resolving.report, {
    code: "deprecated_server",
    pointer,
    message: `server ${quoted(server)} is deprecated`,
    ...(server.deprecationMessage === undefined ? {} : { hint: server.deprecationMessage }),
    data: { name: server.name },
  })
}
