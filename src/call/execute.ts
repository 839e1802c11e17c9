import type { CatalogTool, ServerTool } from "../registry/catalog.ts"
import { written } from "../registry/model.ts"
import type { Json, JsonObject } from "../schema/json.ts"
import { asCaller } from "./as-caller.ts"
import type { BackendReply, Backends } from "./backends.ts"
import type { CallRequest, InsideLine, Way } from "./call.ts"
import type { Input } from "./check-input.ts"
import { runComposition } from "./composition/run.ts"
import { askInTurn, type Executed, isRepeatableTool } from "./failover.ts"
import { sendOn } from "./interaction/send-on.ts"
import { unlessExceeded } from "./limits/unless-exceeded.ts"
import { forwardedMeta } from "./meta.ts"
import type { Permit } from "./permit.ts"
import { mayWish, wishFor } from "./tasks/wish.ts"

/**
 * Asks the backend, under the backend's own name for the tool, or runs the composition, whose calls go through
 * `inside`. Nothing gets here without a permit.
 */
export function execute(
  permit: Permit,
  input: Input,
  way: Way,
  inside: InsideLine,
): Promise<Executed> {
  const { tool } = permit
  if (tool.implementation.kind === "composition") {
    return compose(permit, input.arguments ?? {}, way, inside).then((answer) => {
      return { answer, server: undefined }
    })
  }
  const servers = goingOn(input.servers, permit, way)
  return askInTurn(servers, tool, way, (server) => ask(server, permit, input.arguments, way))
}

function ask(
  server: ServerTool,
  permit: Permit,
  input: JsonObject | undefined,
  way: Way,
): Promise<BackendReply> {
  const { caller, tool } = permit
  return unlessExceeded(way.gateway.rates?.send(server.server, caller, tool.name), () =>
    wishAndAsk(server, permit, input, way),
  )
}

function wishAndAsk(
  server: ServerTool,
  permit: Permit,
  input: JsonObject | undefined,
  way: Way,
): Promise<BackendReply> {
  const { evidence } = way.request
  const backends = asCaller(way.gateway.backends, permit.caller, evidence)
  const send = (task: JsonObject | undefined) =>
    askFor(task, server, input, { permit, backends, way })
  return mayWish(way.request) ? wishFor(server, way.request, backends).then(send) : send(undefined)
}

function askFor(
  task: JsonObject | undefined,
  { server, tool: own }: ServerTool,
  input: JsonObject | undefined,
  { permit, backends, way }: { permit: Permit; backends: Backends; way: Way },
): Promise<BackendReply> {
  const call = way.request
  const { caller, tool } = permit
  const { interactions, results } = way.gateway
  const request = {
    method: "tools/call",
    subject: tool.name,
    name: own,
    params: input === undefined ? { name: own } : { name: own, arguments: input },
    meta: forwardedMeta(call.meta, call.key),
    span: way.span,
    redacting: results.redacting(results.about(tool).forms, way.facts),
    task,
    isRepeatable: isRetried(tool, way),
    cancellation: call.cancellation,
    onNotification: call.onNotification,
    onPause: call.onPause,
    logs: call.logs,
  }
  const about = aboutOf(tool, server, way)
  const talk = { caller, respondent: call.respondent, about, facts: way.facts }
  return sendOn(server, request, talk, { backends, interactions })
}

/** A tool of several servers goes to the next one instead, and compositions have retry policies of their own. */
const isRetried = (tool: CatalogTool, { kind }: Way): boolean =>
  kind === "call" &&
  tool.implementation.kind === "source" &&
  tool.implementation.choice === undefined &&
  isRepeatableTool(tool)

/** What a caller must repeat when it comes back with answers. */
const repeated = (tool: CatalogTool, { arguments: args }: CallRequest) => [
  written(tool),
  args ?? null,
]

/** The same, where one of several servers asked: the answers are for that one. */
function aboutOf(tool: CatalogTool, server: ServerTool["server"], { request }: Way): Json {
  const same = repeated(tool, request)
  const { implementation } = tool
  const isChoice = implementation.kind === "source" && implementation.choice !== undefined
  return isChoice ? [...same, written(server)] : same
}

/** A caller that comes back with answers brings them to the server that asked, whoever's turn it is now. */
function goingOn(
  servers: readonly ServerTool[],
  { caller, tool }: Permit,
  way: Way,
): readonly ServerTool[] {
  const { respondent } = way.request
  if (servers.length < 2 || respondent?.kind !== "rounds" || respondent.state === undefined)
    return servers
  const { state } = respondent
  const asker = servers.find(({ server }) => {
    const about = aboutOf(tool, server, way)
    return way.gateway.interactions.isOf(state, {
      principal: caller.principal,
      method: "tools/call",
      about,
    })
  })
  return asker === undefined ? servers.slice(0, 1) : [asker]
}

/** Runs a composition, whose calls may ask its caller. */
function compose(
  permit: Permit,
  input: JsonObject,
  way: Way,
  inside: InsideLine,
): Promise<BackendReply> {
  const { caller, tool } = permit
  const { gateway, facts } = way
  const request = mayWish(way.request)
    ? { ...way.request, task: way.request.task ?? {} }
    : way.request
  const { respondent, method } = request
  if (respondent === undefined) return runComposition(permit, input, way, inside)
  const about = repeated(tool, request)
  const talk = { caller, respondent, about, facts, method, subject: tool.name }
  return gateway.interactions.run(talk, request, (turn) =>
    runComposition(permit, input, { ...way, request: { ...request, ...turn } }, inside),
  )
}
