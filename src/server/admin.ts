import type { IncomingMessage, ServerResponse } from "node:http"
import type { JsonObject } from "../schema/json.ts"
import type { MetricReading } from "./metrics.ts"
import { metricsText, openMetricsText, wantsOpenMetrics } from "./metrics-text.ts"

/** Whether the gateway should be sent calls; the reasons why not are codes with words, and hold no secret. */
export type Readiness =
  | {
      readonly ready: true
      /** What is going on all the same. */
      readonly notes?: readonly { readonly code: string; readonly message: string }[]
    }
  | {
      readonly ready: false
      readonly reasons: readonly { readonly code: string; readonly message: string }[]
    }

export interface AdminParts {
  readonly readiness: () => Readiness
  readonly metrics: () => readonly MetricReading[]
  /** Types without secret fields only: this goes out as it is. */
  readonly status: () => JsonObject
  /** Whether a `Host` header may be answered; a web page that resolves its own name to this address may not. */
  readonly isOwnHost: (host: string | undefined) => boolean
  /** The page of a run, or of all of them, at a path that begins with `/runs`. */
  readonly runs: (incoming: IncomingMessage) => Promise<Page>
  /** What comes of a request under `/breakers/`. */
  readonly breakers: (incoming: IncomingMessage) => Page
  /** A page that threw: a bug, to be logged. */
  readonly onError: (error: unknown) => void
}

export interface Page {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The operator's pages. `/healthz` depends on nothing but the process; `/readyz` says why when it is red. */
export function createAdmin(
  parts: AdminParts,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { readiness, metrics, status, runs, breakers, isOwnHost, onError } = parts
  const pages: ReadonlyMap<string, (incoming: IncomingMessage) => Page> = new Map([
    ["/healthz", () => json(200, { status: "ok" })],
    [
      "/readyz",
      () => {
        const state = readiness()
        return json(state.ready ? 200 : 503, state)
      },
    ],
    ["/metrics", ({ headers }: IncomingMessage) => metricsPage(metrics(), headers.accept)],
    ["/status", () => json(200, status())],
  ])

  function pageFor(incoming: IncomingMessage): Page | Promise<Page> {
    const { headersDistinct, method, url = "" } = incoming
    const host = headersDistinct["host"]?.join(", ") // of two, Node's plain object would show the first
    if (!isOwnHost(host)) return json(403, { error: "forbidden" })
    const path = url.split("?", 1)[0] ?? url
    if (path === "/runs" || path.startsWith("/runs/")) return runs(incoming)
    if (path.startsWith("/breakers/")) return breakers(incoming)
    if (method !== "GET" && method !== "HEAD")
      return { ...json(405, { error: "method not allowed" }), headers: { allow: "GET, HEAD" } }
    const page = pages.get(path)
    return page === undefined ? json(404, { error: "not found" }) : page(incoming)
  }

  function failed(error: unknown): Page {
    onError(error)
    return json(500, { error: "internal error" })
  }

  return (incoming, outgoing) => {
    try {
      const page = pageFor(incoming)
      if (!(page instanceof Promise)) send(page, outgoing)
      else void page.catch(failed).then((late) => send(late, outgoing))
    } catch (error) {
      send(failed(error), outgoing)
    }
  }
}

function send(page: Page, outgoing: ServerResponse): void {
  outgoing.writeHead(page.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(page.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...page.headers,
  })
  outgoing.end(page.body)
}

const metricsPage = (readings: readonly MetricReading[], accept: string | undefined): Page =>
  wantsOpenMetrics(accept)
    ? { status: 200, body: openMetricsText(readings), headers: open }
    : { status: 200, body: metricsText(readings), headers: prometheus }

const prometheus = { "content-type": "text/plain; version=0.0.4; charset=utf-8", vary: "accept" }
const open = {
  "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8",
  vary: "accept",
}

export const json = (status: number, value: unknown): Page => ({
  status,
  body: JSON.stringify(value),
})
