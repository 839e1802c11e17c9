import type { CatalogServer } from "../../registry/catalog.ts"
import type { BackendReply, BackendRequest, Backends } from "../backends.ts"
import type { Span, Tracing } from "./tracing.ts"

/**
 * The port to backends, where what is sent because of a span has a span of its own and takes that along: each try of
 * what is tried again, and each round of what asks its caller something. The port itself where nobody traces.
 */
export function tracedBackends(inner: Backends, tracing: Tracing | undefined): Backends {
  if (tracing === undefined) return inner
  return {
    get takesSubjectTokens() {
      return inner.takesSubjectTokens === true
    },
    request: (server, request) =>
      request.span === undefined
        ? inner.request(server, request)
        : traced(inner, server, request, request.span),
    list: (...args) => inner.list(...args),
    follow: (...args) => inner.follow(...args),
    capabilities: (...args) => inner.capabilities(...args),
    rootsChanged: (session) => inner.rootsChanged(session),
  }
}

async function traced(
  inner: Backends,
  server: CatalogServer,
  request: BackendRequest,
  span: Span,
): Promise<BackendReply> {
  const attempt = span.attempt(server)
  const meta = attempt.meta(request.meta)
  const reply = await inner.request(server, { ...request, meta, onSent: attempt.sent })
  attempt.ended(reply)
  return reply
}
