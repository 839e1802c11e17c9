import type { JsonSchema } from "../../schema/json.ts"
import { subsume } from "../../schema/subsume/subsume.ts"
import { bundled } from "../compile/bundled.ts"
import type { Draft } from "../draft.ts"
import type { SeveralServers, SourceServer, ToolEntity } from "../model.ts"
import { sameJson } from "../normalise/same-json.ts"
import type { Report } from "../problem.ts"
import type { Links } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"
import type { Bundles } from "../schemas/bundle.ts"
import { sentSchema } from "./sent-schema.ts"

/** What the rule looks at. */
interface Shared {
  readonly draft: Draft
  readonly links: Links
  readonly bundles: Bundles
  readonly report: Report
}

/**
 * Tools that several servers provide: whichever is asked, it must take the arguments that callers may send, and its
 * results must be what callers are told. What can be neither proved nor disproved is checked in each call.
 */
export function* checkSharedSources(shared: Shared): Generator<void, void, void> {
  for (const tool of shared.draft.document.tools) {
    const { source } = tool
    if (source?.servers === undefined) continue
    for (const [index, server] of source.servers.entries()) {
      checkRepeated(source, index, shared)
      checkContract({ tool, source, server }, shared)
      yield
    }
  }
}

function checkRepeated({ servers, tool }: SeveralServers, index: number, shared: Shared): void {
  const { draft, links, report } = shared
  const one = servers[index]
  const server = one && links.sources.get(one)?.server
  if (one === undefined || server === undefined) return
  const earlier = servers.slice(0, index).find((other) => {
    const isSame = links.sources.get(other)?.server === server
    return isSame && (other.tool ?? tool) === (one.tool ?? tool) && sameJson(other.when, one.when)
  })
  if (earlier === undefined) return
  report({
    code: "duplicate_source",
    severity: "error",
    pointer: draft.origins.of(one),
    message: `${quoted(server)} is named twice for the same calls`,
    hint: "remove one of the two",
    related: [{ pointer: draft.origins.of(earlier), message: "named here first" }],
  })
}

interface Member {
  readonly tool: ToolEntity
  readonly source: SeveralServers
  readonly server: SourceServer
}

/** Callers are shown the tool's own schemas, or those of its first server. */
function checkContract({ tool, source, server }: Member, shared: Shared): void {
  const { links, bundles } = shared
  const contracts = (key: "inputSchema" | "outputSchema") =>
    source.servers.map((one) => bundled(links.sources.get(one)?.provision?.[key], bundles))
  const index = source.servers.indexOf(server)
  const inputs = contracts("inputSchema")
  const input = bundled(tool.inputSchema, bundles) ?? inputs[0]
  const sent = input === undefined ? undefined : sentSchema(input, source)
  const takes = inputs[index]
  if (sent?.isExact && takes !== undefined)
    reportUnlike(
      [sent.schema, ...inputs.filter((other) => other !== undefined)].map((from) => [from, takes]),
      // The values of defaults are not told.
      { server, duty: "take all that callers may send", isVeiled: source.defaults !== undefined },
      shared,
    )
  if (tool.outputTransform !== undefined) return // what it makes is checked, and not what it is made from
  const outputs = contracts("outputSchema")
  const told = bundled(tool.outputSchema, bundles) ?? outputs[0]
  const gives = outputs[index]
  if (told === undefined || gives === undefined) return
  reportUnlike(
    [told, ...outputs.filter((other) => other !== undefined)].map((to) => [gives, to]),
    { server, duty: "give only what callers are told", isVeiled: false },
    shared,
  )
}

interface Duty {
  readonly server: SourceServer
  readonly duty: string
  /** The counter-example is not shown. */
  readonly isVeiled: boolean
}

/**
 * Reports a server that fails callers where another does not. The first pair is about callers, the rest about the other
 * servers: a schema of the tool's own that fits none of them is looked after in each call, as with one server.
 */
function reportUnlike(
  [callers, ...others]: readonly (readonly [JsonSchema, JsonSchema])[],
  { server, duty, isVeiled }: Duty,
  { draft, links, report }: Shared,
): void {
  const entity = links.sources.get(server)?.server
  const found = callers && subsume(...callers)
  if (found?.answer !== "no" || entity === undefined) return
  if (others.every(([from, to]) => subsume(from, to).answer !== "no")) return
  report({
    code: "provisions_disagree",
    severity: "error",
    pointer: draft.origins.of(server),
    message: `${quoted(entity)} does not ${duty}: ${isVeiled ? `its ${found.at} is not kept` : found.words}`,
    hint: "give the tool schemas that fit every server, or make two tools of it",
    data: { server: entity.name },
  })
}
