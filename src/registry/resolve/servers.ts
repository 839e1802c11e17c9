import { type Provision, refOf, type ServerEntity } from "../model.ts"
import { isExact } from "../version.ts"
import { type ImpliedServer, type Resolving, reportAs, type SourceLink } from "./links.ts"
import { lookUp, type Outcome } from "./rule.ts"
import { ambiguous, type Mention, noteProblem, notFound, quoted } from "./words.ts"

/** A server named by a source, a direct call or an agent's endpoint, and where its parts are written. */
export interface ServerMention {
  readonly name: string
  readonly version: string | undefined
  /**
   * Whether an undeclared server may be implied: `target` spelled it so that nobody need have declared it, `server`
   * implies only where the document declares no servers at all, and `known` looks among declared and implied ones.
   */
  readonly spelled: "target" | "server" | "known"
  /** Where the reference as a whole, its name and its version stand. */
  readonly whole: string
  readonly namePointer: string
  readonly versionPointer: string
}

/** The server meant, declared or implied, with its problems reported. */
export function resolveServer(
  resolving: Resolving,
  server: ServerMention,
): ServerEntity | undefined {
  const { links, report, knobs } = resolving
  if (!links.servers.has(server.name) && mayImply(resolving, server))
    return impliedServer(resolving, server)
  const isImplied = server.spelled === "known" && !links.servers.has(server.name)
  const outcome = isImplied
    ? lookUp<ServerEntity>(resolving.implied, server.name, server.version)
    : lookUp(links.servers, server.name, server.version)
  const mention = mentionOf(server)
  switch (outcome.kind) {
    case "broken":
      return
    case "ambiguous":
      report(ambiguous({ ...mention, pointer: server.whole }, outcome.versions))
      return
    case "missing":
      reportAs(knobs.missingEntity, report, missing(resolving, server, outcome.versions))
      return
    case "found":
      return noted(resolving, server, outcome)
  }
}

/** A tool on a server that was resolved; `pointer` is where its name stands. */
export function resolveProvision(
  resolving: Resolving,
  server: ServerEntity | undefined,
  tool: string,
  pointer: string,
): SourceLink {
  if (server === undefined) return { server, provision: undefined }
  const provision = provisionsOf(resolving, server).get(tool) ?? drawn(resolving, server, tool)
  if (provision !== undefined) return { server, provision }
  reportAs(resolving.knobs.missingEntity, resolving.report, {
    code: "source_not_provided",
    pointer,
    message: `server ${quoted(server)} does not provide the tool ${JSON.stringify(tool)}`,
    hint: "name the tool as the server does, or add it to the server's provides",
    data: { server: server.name, tool, provided: server.provides.slice(0, 20).map((p) => p.tool) },
  })
  return { server, provision: undefined }
}

const mayImply = ({ draft }: Resolving, { spelled }: ServerMention): boolean =>
  spelled === "target" || (spelled === "server" && !draft.declaresServers)

function impliedServer(
  { implied, links, draft, report }: Resolving,
  server: ServerMention,
): ImpliedServer | undefined {
  const { name, version } = server
  if (version !== undefined && !isExact(version)) return
  const known = implied.get(name, version)
  if (known !== undefined) return known
  const ref = refOf(server)
  const made: ImpliedServer = { ...ref, provides: [], implied: true, extra: {} }
  implied.add(made)
  links.impliedServers.push(draft.origins.set(made, server.namePointer))
  report({
    code: "server_implied",
    severity: "warn",
    pointer: server.namePointer,
    message: `server ${quoted(ref)} is not declared and is taken to provide what is drawn from it`,
    hint: "declare it under servers, with what it provides",
    data: { name, ...(version === undefined ? {} : { version }) },
  })
  return made
}

/** An implied server provides whatever is drawn from it. */
function drawn(resolving: Resolving, server: ServerEntity, tool: string): Provision | undefined {
  if (!isImplied(server)) return
  const provision: Provision = { tool, extra: {} }
  server.provides.push(provision)
  provisionsOf(resolving, server).set(tool, provision)
  return provision
}

const isImplied = (server: ServerEntity): server is ImpliedServer => server.implied === true

function provisionsOf({ provisions }: Resolving, server: ServerEntity): Map<string, Provision> {
  const known = provisions.get(server)
  if (known !== undefined) return known
  // The first of two provisions under one name: the later one is reported as a duplicate.
  const made = new Map(server.provides.toReversed().map((p) => [p.tool, p] as const))
  provisions.set(server, made)
  return made
}

function missing({ links }: Resolving, server: ServerMention, versions: readonly string[]) {
  const isNamed = links.servers.has(server.name)
  const pointer = isNamed ? server.versionPointer : server.namePointer
  return notFound({ ...mentionOf(server), pointer }, versions, links.servers.names())
}

function noted(
  { report }: Resolving,
  server: ServerMention,
  outcome: Extract<Outcome<ServerEntity>, { kind: "found" }>,
): ServerEntity {
  const problem = noteProblem({ ...mentionOf(server), pointer: server.whole }, outcome)
  if (problem !== undefined) report(problem)
  return outcome.entity
}

const mentionOf = ({ name, version, whole }: ServerMention): Mention => ({
  kind: "server",
  name,
  ...(version === undefined ? {} : { version }),
  pointer: whole,
})
