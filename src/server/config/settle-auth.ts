import type {
  Authorization,
  AuthorizationServer,
  ClientProof,
} from "../../mcp/backend/credentials/authorization.ts"
import { readSigningKey } from "../../mcp/backend/credentials/client-assertion.ts"
import type { Secret } from "../secret.ts"
import type { AuthFile, GrantFile } from "./auth-schema.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** The secret that stands at `path`, with its file where it has one. */
  secret(path: Path, value: string): Secret
  wrong(path: Path, message: string): void
}

/** What `servers.….auth`, at `path`, says of tokens that are asked for; undefined where it says nothing of them. */
export function settleAuthorization(
  { clientCredentials, tokenExchange }: AuthFile,
  path: Path,
  around: Surroundings,
): Authorization<Secret> | undefined {
  if (clientCredentials !== undefined) {
    const grant = settleGrant(clientCredentials, [...path, "clientCredentials"], around)
    return { kind: "client_credentials", ...grant, subjectTokenType: undefined, actor: undefined }
  }
  if (tokenExchange === undefined) return
  const { actor, subjectTokenType } = tokenExchange
  const at = [...path, "tokenExchange"]
  return {
    kind: "token_exchange",
    ...settleGrant(tokenExchange, at, around),
    subjectTokenType: tokenType(subjectTokenType),
    actor: actor && {
      token: around.secret([...at, "actor", "token"], actor.token),
      tokenType: tokenType(actor.type),
    },
  }
}

const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`

function settleGrant(grant: GrantFile, path: Path, around: Surroundings) {
  return {
    server: serverOf(grant),
    clientId: grant.clientId,
    proof: proofOf(grant, path, around),
    scopes: grant.scopes,
    audience: [grant.audience ?? []].flat(),
    resource: [grant.resource ?? []].flat(),
  }
}

function serverOf({ issuer, tokenEndpoint }: GrantFile): AuthorizationServer {
  if (issuer !== undefined) return { issuer, tokenEndpoint: undefined }
  if (tokenEndpoint !== undefined) return { issuer, tokenEndpoint }
  throw new TypeError("a grant has an issuer or a token endpoint") // the configuration's schema says so
}

function proofOf(grant: GrantFile, path: Path, around: Surroundings): ClientProof<Secret> {
  const { clientAuthentication, clientSecret, privateKeyJwt } = grant
  if (clientSecret !== undefined) {
    const secret = around.secret([...path, "clientSecret"], clientSecret)
    return { kind: "secret", secret, method: methods[clientAuthentication ?? "unsaid"] }
  }
  if (privateKeyJwt === undefined) throw new TypeError("a client has a secret or a key") // the configuration's schema says so
  const { algorithm, audience, key, keyId } = privateKeyJwt
  const at = [...path, "privateKeyJwt", "key"]
  try {
    readSigningKey(key, algorithm)
  } catch (error) {
    around.wrong(at, error instanceof Error ? error.message : String(error))
  }
  return { kind: "key", key: around.secret(at, key), keyId, algorithm, audience }
}

const methods = {
  basic: "client_secret_basic",
  post: "client_secret_post",
  unsaid: undefined,
} as const
