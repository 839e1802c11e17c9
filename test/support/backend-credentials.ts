import type { HttpAddress } from "../../src/mcp/backend/address.ts"
import type { Authorization } from "../../src/mcp/backend/credentials/authorization.ts"
import type { BackendPoolOptions } from "../../src/mcp/backend/pool.ts"
import type { AuthorizationServer } from "./authorization-server.ts"
import {
  type Admits,
  type HonestServer,
  serveLegacy,
  serveModern,
  serveSse,
} from "./backend-http.ts"
import { http, open, type World } from "./backend-world.ts"

/** Client credentials at the server's token endpoint, for the client that it knows from the start. */
export const clientCredentials = (
  { tokenEndpoint }: Pick<AuthorizationServer, "tokenEndpoint">,
  more: Partial<Authorization> = {},
): Authorization => ({
  kind: "client_credentials",
  server: { issuer: undefined, tokenEndpoint },
  clientId: "gateway",
  proof: { kind: "secret", secret: "gateway-secret-31d9", method: undefined },
  scopes: [],
  audience: [],
  resource: [],
  subjectTokenType: undefined,
  actor: undefined,
  ...more,
})

/** The same, for tokens that stand for callers. */
export const tokenExchange = (
  server: Pick<AuthorizationServer, "tokenEndpoint">,
  more: Partial<Authorization> = {},
): Authorization => ({
  ...clientCredentials(server),
  kind: "token_exchange",
  subjectTokenType: "urn:ietf:params:oauth:token-type:access_token",
  ...more,
})

export const eras = ["legacy", "modern"] as const

export const serveEra = { legacy: serveLegacy, modern: serveModern, sse: serveSse } as const

/** A clock that stands until it is moved. */
export function handClock() {
  let ms = 1_000
  return {
    now: () => ms,
    advance(by: number) {
      ms += by
    },
  }
}

export interface ProvedWorld extends World {
  readonly backend: HonestServer
  readonly clock: ReturnType<typeof handClock>
}

interface ProvedOptions {
  readonly authorization?: Authorization
  readonly address?: Partial<HttpAddress>
  readonly options?: Partial<BackendPoolOptions>
  /** In place of: whoever has a token of the authorization server. */
  readonly admits?: Admits
}

/** A backend that lets in only whom the authorization server gave a token, and the gateway before it. */
export async function openProved(
  era: keyof typeof serveEra,
  server: AuthorizationServer,
  {
    authorization = clientCredentials(server),
    address,
    options,
    admits = ({ headers }) => server.accepts(headers.authorization),
  }: ProvedOptions = {},
): Promise<ProvedWorld> {
  const backend = await serveEra[era](admits)
  const clock = handClock()
  const world = open(http(backend.url, { authorization, ...address }), {
    now: clock.now,
    ...options,
  })
  return { ...world, backend, clock }
}
