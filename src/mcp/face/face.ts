import type { IncomingMessage, ServerResponse } from "node:http"

import { Hono } from "hono"

import type { Gateway } from "../../call/gateway.ts"
import { writeFail } from "./answer.ts"
import type { FaceContext, FaceEvent } from "./context.ts"
import { createContext } from "./create-context.ts"
import { createDebounce } from "./debounce.ts"
import { type Door, knock } from "./door.ts"
import { type Fail, httpFail } from "./errors.ts"
import { headersOf, type RequestHeaders } from "./headers.ts"
import type { FaceLimits } from "./limits.ts"
import { createLogLimit } from "./log-limit.ts"
import { type ResourceMetadata, serveMetadata } from "./metadata.ts"
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
}

/** The MCP server face: one endpoint, both eras. */
export interface Face {
  /**
   * Answers a request to the endpoint, on the socket itself: a `Request` and a `Response` would cost more than the way
   * through the face. False for any other path: that is for {@link app}.
   */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean
  /** What is told beside the endpoint: who issues tokens for it, and that there is nothing else. */
  readonly app: Hono
  /** Compares each open stream's own list with what it was told, a moment later, and tells those where it changed. */
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
  const counts = { requests: 0, turnedAway: 0, inFlight: 0 }
  const idle = new Set<() => void>()
  const door: Door = {
    hosts: new Set(options.hosts.map((host) => host.toLowerCase())),
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
      turnAway(incoming, outgoing, turnedAway)
      return
    }
    counts.inFlight++
    void serve(context, incoming, outgoing, headers).finally(() => {
      if (--counts.inFlight > 0) return
      for (const tell of idle) tell()
      idle.clear()
    })
  }

  const bug = (error: unknown) => log({ event: "bug", where: "mcp_face", words: String(error) })

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    if (incoming.url !== path && pathOf(incoming.url) !== path) return false
    try {
      enter(incoming, outgoing)
    } catch (error) {
      bug(error)
      outgoing.destroy()
    }
    return true
  }

  const sweeper = setInterval(() => context.sessions.sweep(), sweepMs(limits))
  sweeper.unref()
  const debounce = createDebounce(
    limits.listChangedDebounceMs,
    () => context.streams.refresh(),
    log,
  )
  return {
    answer,
    app: besideEndpoint(options, bug),
    catalogChanged: debounce.knock,
    stats: () => ({ ...standing(context), ...counts }),
    async drain() {
      context.streams.endAll()
      if (counts.inFlight > 0) await new Promise<void>((resolve) => idle.add(resolve))
    },
    close() {
      clearInterval(sweeper)
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

function besideEndpoint(
  { path, publicUrl, resourceMetadata, serverInfo }: FaceOptions,
  bug: (error: unknown) => void,
): Hono {
  const app = new Hono()
  if (resourceMetadata !== undefined && publicUrl !== undefined) {
    const name = serverInfo.title ?? serverInfo.name
    serveMetadata(app, { url: publicUrl, path, name }, resourceMetadata)
  }
  app.notFound(() => new Response('{"error":"not found"}', notFound))
  app.onError((error) => {
    bug(error)
    return new Response(null, { status: 500 })
  })
  return app
}

/** The path of a request target, which may be a whole URL (RFC 9112 §3.2.2). */
function pathOf(target = ""): string | undefined {
  return target.startsWith("/") ? target.split("?", 1)[0] : URL.parse(target)?.pathname
}

/** How long somebody who was turned away may go on sending: Node reads what comes and throws it away. */
const unheardMs = 500

function turnAway(incoming: IncomingMessage, outgoing: ServerResponse, fail: Fail): void {
  writeFail(outgoing, fail)
  const cut = setTimeout(() => incoming.socket.destroy(), unheardMs)
  incoming.once("close", () => clearTimeout(cut))
}

const notFound = {
  status: 404,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
}

/** A token in a URL ends up in logs and histories: refused before anything is believed (RFC 6750 §2.3). */
const tokenInUrl = (url: string | undefined): Fail | undefined =>
  url?.includes("?") && /[?&](?:access_token|token|authorization|api_key)=/i.test(url)
    ? httpFail(400, "invalid credentials: send tokens in the Authorization header")
    : undefined

/** Idle sessions are found a quarter of their time late at most. */
const sweepMs = ({ sessionIdleMs }: FaceLimits) => Math.min(60_000, Math.max(10, sessionIdleMs / 4))
