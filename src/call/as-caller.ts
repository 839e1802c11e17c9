import type { Backends, SubjectToken } from "./backends.ts"
import type { Caller, Evidence } from "./caller.ts"
import { readBearer } from "./identity/bearer.ts"

/**
 * The port to backends as this caller asks: a server that is called with its caller's own identity is shown the token that
 * came with this very request. Everything else is asked as before.
 */
export function asCaller(
  backends: Backends,
  caller: Caller,
  evidence: Pick<Evidence, "authorization">,
): Backends {
  if (!backends.takesSubjectTokens) return backends
  const token = subjectToken(caller, evidence)
  return {
    takesSubjectTokens: true,
    request: (server, request) => backends.request(server, { ...request, subjectToken: token }),
    list: (server, kind, need) => backends.list(server, kind, need, token),
    follow: (server, request) => backends.follow(server, request, token),
    capabilities: (server) => backends.capabilities(server, token),
    rootsChanged: (session) => backends.rootsChanged(session),
  }
}

/** The token that named this caller; undefined where none was verified. */
function subjectToken(
  { principal, tokenSays }: Caller,
  { authorization }: Pick<Evidence, "authorization">,
): SubjectToken | undefined {
  if (tokenSays === undefined || authorization === undefined) return
  const bearer = readBearer(authorization)
  return bearer.ok ? { key: `${principal}.${tokenSays}`, reveal: () => bearer.value } : undefined
}
