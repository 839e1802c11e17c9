import type { CatalogServer } from "../../registry/catalog.ts"
import type { BackendReply, BackendRequest, Backends } from "../backends.ts"
import type { Peer } from "../interaction/peer.ts"
import { unasked } from "../interaction/question.ts"
import { redactNotice, redactQuestion, redactReply } from "./redact-said.ts"
import type { Redacting } from "./redaction.ts"

/**
 * The port to backends, with redactions applied to what a server says while it works on a request, and to what it asks.
 * Results are redacted later, where it is known what they are of.
 */
export const redactedBackends = (inner: Backends): Backends => ({
  get takesSubjectTokens() {
    return inner.takesSubjectTokens === true
  },
  request: (server, request) =>
    request.redacting === undefined
      ? inner.request(server, request)
      : redacted(inner, server, request, request.redacting),
  list: (...args) => inner.list(...args),
  follow: (...args) => inner.follow(...args),
  capabilities: (...args) => inner.capabilities(...args),
  rootsChanged: (session) => inner.rootsChanged(session),
})

async function redacted(
  inner: Backends,
  server: CatalogServer,
  request: BackendRequest,
  redacting: Redacting,
): Promise<BackendReply> {
  const { onNotification, peer, subject } = request
  const reply = await inner.request(server, {
    ...request,
    onNotification:
      onNotification &&
      ((notification) => {
        const told = redactNotice(notification, redacting)
        if (told !== undefined) onNotification(told)
      }),
    peer: peer && redactedPeer(peer, redacting),
  })
  return redactReply(reply, subject, redacting)
}

const redactedPeer = (peer: Peer, redacting: Redacting): Peer => ({
  capabilities: peer.capabilities,
  pageDone: peer.pageDone,
  ask(asked) {
    const params = asked.params && redactQuestion(asked.params, redacting)
    return asked.params !== undefined && params === undefined
      ? unasked(asked, "it is too long to be redacted (limit resultText)")
      : peer.ask({ ...asked, params })
  },
})
