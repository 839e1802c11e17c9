import type { Gateway } from "../../call/gateway.ts"
import { shownTools } from "../../call/list.ts"
import type { FaceContext } from "./context.ts"
import type { FaceOptions } from "./face.ts"
import { Passports } from "./forward/passport.ts"
import { Overload } from "./load/overload.ts"
import { metadataUrl } from "./metadata.ts"
import { listMembers, ownMeta } from "./modern/result.ts"
import { Pulse } from "./pulse.ts"
import { Replays } from "./resume/replays.ts"
import { createSeal } from "./seal.ts"
import { createSessions } from "./sessions.ts"
import { createStreams, type ViewOf } from "./streams.ts"
import { createToolLists } from "./tool-list.ts"

/** Makes what the methods of a face share. */
export function createContext(gateway: Gateway, options: FaceOptions): FaceContext {
  const { limits, path, publicUrl, resourceMetadata, sessionKeys } = options
  const pulse = new Pulse(limits.keepAliveMs)
  // The endpoint is part of what is sealed: a token of another gateway with the same key is none here.
  const purpose = (what: string) => `postern/${what}/1 ${publicUrl ?? path}`
  const replays = new Replays(limits)
  const { name, version, title } = options.serverInfo
  const serverInfo = title === undefined ? { name, version } : { name, title, version }
  const own = ownMeta(serverInfo)
  const toolLists = createToolLists(
    limits.listPageMax,
    { legacy: "", modern: listMembers(limits.listTtlMs, own) },
    (tool) => gateway.compositions.planOf(tool)?.durable === true,
  )
  const viewOf = viewsBy(gateway, toolLists)
  return {
    gateway,
    limits,
    sessions: createSessions(createSeal(sessionKeys, purpose("session")), limits, replays, {
      now: () => gateway.now(),
      ended: ({ version: revision, issuedMs }) =>
        gateway.tracing?.sessionEnded({ revision, ms: gateway.now() - issuedMs }),
    }),
    replays,
    streams: createStreams(limits, pulse, viewOf, () => gateway.now()),
    viewOf,
    pulse,
    overload: new Overload(limits.loopDelayMs, (event) => options.log(event)),
    toolLists,
    contentPages: new WeakMap(),
    cursors: createSeal(sessionKeys, purpose("cursor")),
    passports: new Passports(createSeal(sessionKeys, purpose("forwarded")), () => gateway.now()),
    speaker: {
      explain: options.explainRefusals,
      metadataUrl:
        publicUrl === undefined || resourceMetadata === undefined
          ? undefined
          : metadataUrl(publicUrl),
      scope: resourceMetadata?.scopes?.join(" "),
    },
    serverInfo,
    ownMeta: own,
    instructions: options.instructions,
    certificateOf: options.certificateOf,
    replicaHost: options.replicaHost,
    log: (event) => options.log(event),
  }
}

/** What a caller is shown, without a record: nobody asked, the gateway looks on its own account. */
function viewsBy(gateway: Gateway, toolLists: FaceContext["toolLists"]): ViewOf {
  return async (evidence, era) => {
    const catalog = gateway.catalog()
    const caller = await gateway.identify(evidence, catalog)
    if (!caller.ok) return undefined
    const tools = await shownTools({ caller: caller.value, catalog, evidence }, gateway)
    return { caller: caller.value, catalog, digest: toolLists(tools, era).digest }
  }
}
