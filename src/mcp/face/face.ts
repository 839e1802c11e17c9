import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"

import type { PeerCertificate } from "../../call/caller.ts"
import type { Gateway } from "../../call/gateway.ts"
import { writeFail } from "./answer.ts"
import type { FaceContext, FaceEvent } from "./context.ts"
import { createContext } from "./create-context.ts"
import { createDebounce } from "./debounce.ts"
import { type Door, hostsOf, knock } from "./door.ts"
import { type Fail, httpFail } from "./errors.ts"
import { headersOf, type RequestHeaders } from "./headers.ts"
import type { FaceLimits } from "./limits.ts"
import { createLogLimit } from "./log-limit.ts"
import { metadataDocuments, type ResourceMetadata, writeDocument } from "./metadata.ts"
import type { SealKey } from "./seal.ts"
import { serve } from "./serve.ts"

export interface FaceOptions {
  /** Where MCP is spoken, for both eras: `/mcp`. */
  readonly path: string
  /** The URL of the endpoint as callers know it, with its path. */
  readonly publicUrl?: string
  /** The values of `Host` that are ours: `gate.example:8443` exactly, `localhost` with any port. */
  readonly hosts: readonly string[]
  /** The values of `Origin` that may ask; requests without one do not come from a page. */
  readonly origins: readonly string[]
  /** The first seals sessions and cursors, all open them. 32 bytes each; replicas share them. */
  readonly sessionKeys: readonly SealKey[]
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  readonly instructions?: string
  /** Whether callers learn why a tool is unknown to them. */
  readonly explainRefusals: boolean
  readonly resourceMetadata?: ResourceMetadata
  readonly limits: FaceLimits
  /** Whose certificate other replicas show, whatever address they are reached at; otherwise it is that of the address. */
  readonly replicaHost?: (() => string | undefined) | undefined
  /** The client certificate that was shown on a connection. Absent where clients are not asked for one. */
  readonly certificateOf?: ((socket: Socket) => PeerCertificate | undefined) | undefined
  log(event: FaceEvent): void
}

export interface FaceStats {
  readonly sessions: number
  readonly streams: number
  /** Characters of sent events that are kept for clients that come back, and events that were sent to them again. */
  readonly replayBytes: number
  readonly replayedEvents: number
  /** Since the start: all that came in, and what was turned away before anybody asked who it was. */
  readonly requests: number
  readonly turnedAway: number
  readonly inFlight: number
  /** Requests that were turned away because there were too many, and which part of them is now, 0 to 1. */
  readonly shed: number
  readonly shedding: number
}

/** The MCP server face: one endpoint, both eras. */
export interface Face {
  /** Answers any request: to the endpoint, to the documents about it, or that there is nothing. Never throws. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): void
  /**
   * Compares, a moment later, each open stream's own list with what it was last told, and tells those where it changed.
   */
  catalogChanged(): void
  stats(): FaceStats
  /** Ends the streams with their last word and waits for the answers under way. Calls are still answered. */
  drain(): Promise<void>
  /** Stops the clocks. Call it when nothing listens any more. */
  close(): void
}

/** Throws a RangeError or TypeError for session keys that cannot be used. */
export function createFace(gateway: Gateway, options: FaceOptions): Face {
  const { limits, log, path } = options
  const context = createContext(gateway, options)
  const { overload } = context
  const counts = { requests: 0, turnedAway: 0, inFlight: 0 }
  const idle = new Set<() => void>()
  const door: Door = {
    isOurHost: hostsOf(options.hosts),
    origins: new Set(options.origins),
    bodyBytesMax: limits.bodyBytesMax,
  }

  const logTurnedAway = createLogLimit(log, turnedAwayPerSecondMax, () => gateway.now())

  /** Whether the request may come in; counts and logs those that may not. */
  function judge(incoming: IncomingMessage, headers: RequestHeaders): Fail | undefined {
    counts.requests++
    const fail = knock(door, incoming.method, headers) ?? tokenInUrl(incoming.url)
    if (fail === undefined) return undefined
    counts.turnedAway++
    const remote = incoming.socket.remoteAddress
    logTurnedAway({ event: "turned_away", status: fail.status, words: fail.message, remote })
    return fail
  }

  function enter(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const headers = headersOf(incoming)
    const turnedAway = judge(incoming, headers)
    if (turnedAway !== undefined) {
      writeFail(outgoing, turnedAway)
      return
    }
    if (incoming.method === "POST" && overload.turnsAway(outgoing)) return
    counts.inFlight++
    void serve(context, incoming, outgoing, headers).then(served)
  }

  function served(): void {
    if (--counts.inFlight > 0) return
    for (const tell of idle) tell()
    idle.clear()
  }

  const documents = documentsOf(options)

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    try {
      const asked = pathOf(incoming.url)
      const isRead = incoming.method === "GET" || incoming.method === "HEAD"
      if (asked === path) enter(incoming, outgoing)
      else writeDocument(outgoing, isRead ? documents.get(asked) : undefined)
    } catch (error) {
      log({ event: "bug", where: "mcp_face", words: String(error) })
      outgoing.destroy()
    }
  }

  const sweeper = setInterval(() => context.sessions.sweep(), sweepMs(limits)).unref()
  const debounce = createDebounce(
    limits.listChangedDebounceMs,
    () => context.streams.refresh(),
    log,
  )
  return {
    answer,
    catalogChanged: debounce.knock,
    stats: () => ({
      ...standing(context),
      ...counts,
      shed: overload.shed,
      shedding: overload.share,
    }),
    async drain() {
      context.streams.endAll()
      if (counts.inFlight > 0) await new Promise<void>((resolve) => idle.add(resolve))
    },
    close() {
      clearInterval(sweeper)
      overload.close()
      debounce.close()
      context.pulse.close()
    },
  }
}

const standing = ({ replays, sessions, streams }: FaceContext) => ({
  sessions: sessions.count(),
  streams: streams.count(),
  replayBytes: replays.held,
  replayedEvents: replays.resent,
})

/** Told one by one in a second; the rest are counted. */
const turnedAwayPerSecondMax = 10

/** What is told beside the endpoint, by path. */
function documentsOf({ path, publicUrl, resourceMetadata, serverInfo }: FaceOptions) {
  if (resourceMetadata === undefined || publicUrl === undefined) return new Map<string, string>()
  const name = serverInfo.title ?? serverInfo.name
  return metadataDocuments({ url: publicUrl, path, name }, resourceMetadata)
}

/** The path of a request target, which may be a whole URL (RFC 9112 §3.2.2). */
function pathOf(target = ""): string {
  if (!target.startsWith("/")) return URL.parse(target)?.pathname ?? target
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

/** A token in a URL ends up in logs and histories: refused before anything is believed (RFC 6750 §2.3). */
const tokenInUrl = (url: string | undefined): Fail | undefined =>
  url?.includes("?") && /[?&](?:access_token|token|authorization|api_key)=/i.test(url)
    ? httpFail(400, "invalid credentials: send tokens in the Authorization header")
    : undefined

/** Idle sessions are found a quarter of their time late at most. */
const sweepMs = ({ sessionIdleMs }: FaceLimits) => Math.min(60_000, Math.max(10, sessionIdleMs / 4))
