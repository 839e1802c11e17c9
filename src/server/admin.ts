import { Hono } from "hono"
import type { JsonObject } from "../schema/json.ts"

/** Whether the gateway should be sent calls; the reasons why not are codes with words, and hold no secret. */
export type Readiness =
  | { readonly ready: true }
  | {
      readonly ready: false
      readonly reasons: readonly { readonly code: string; readonly message: string }[]
    }

export interface AdminParts {
  readonly readiness: () => Readiness
  /** Prometheus text. */
  readonly metrics: () => string
  /** Types without secret fields only: this goes out as it is. */
  readonly status: () => JsonObject
  /** Whether a `Host` header may be answered; a web page that resolves its own name to this address may not. */
  readonly isOwnHost: (host: string | undefined) => boolean
  /** A page that threw: a bug, to be logged. */
  readonly onError: (error: unknown) => void
}

/** The operator's pages. `/healthz` depends on nothing but the process; `/readyz` says why when it is red. */
export function createAdmin(parts: AdminParts): Hono {
  const { readiness, metrics, status, isOwnHost } = parts
  const admin = new Hono()
  admin.use(async (context, next) => {
    context.header("cache-control", "no-store")
    context.header("x-content-type-options", "nosniff")
    if (!isOwnHost(context.req.header("host"))) return context.json({ error: "forbidden" }, 403)
    if (context.req.method !== "GET" && context.req.method !== "HEAD")
      return context.json({ error: "method not allowed" }, 405, { allow: "GET, HEAD" })
    return next()
  })
  admin.get("/healthz", (context) => context.json({ status: "ok" }))
  admin.get("/readyz", (context) => {
    const state = readiness()
    return context.json(state, state.ready ? 200 : 503)
  })
  admin.get("/metrics", (context) =>
    context.body(metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  )
  admin.get("/status", (context) => context.json(status()))
  admin.notFound((context) => context.json({ error: "not found" }, 404))
  admin.onError((error, context) => {
    parts.onError(error)
    return context.json({ error: "internal error" }, 500)
  })
  return admin
}
