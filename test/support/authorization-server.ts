import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from "jose"
import { makeKey } from "./issuer.ts"

/** One request of the token endpoint. */
export interface TokenRequest {
  readonly form: URLSearchParams
  readonly headers: IncomingMessage["headers"]
  /** How the client proved itself: with which method, and as whom. */
  readonly client: string
}

export interface Client {
  readonly secret?: string
  /** Its public keys, for private_key_jwt. */
  readonly keys?: JSONWebKeySet
}

export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string
  readonly tokenEndpoint: string
  /** What came to the token endpoint, in order. */
  readonly requests: TokenRequest[]
  /** Paths of everything else that was asked for. */
  readonly lookups: string[]
  /** Who is known, and what a test wants otherwise; may be changed at any time. */
  readonly state: AuthorizationState
  /** Whether a backend may believe this `Authorization` header: a token that was issued, and was not taken back. */
  accepts(authorization: string | undefined): boolean
  /** For whom a token was issued: a client, or the subject of a caller's token. */
  holder(authorization: string | undefined): string | undefined
  /** Takes back all tokens so far. */
  revoke(): void
  close(): Promise<void>
}

export interface AuthorizationState {
  clients: Record<string, Client>
  expiresIn: unknown
  /** Answers the token endpoint instead of the server; false: this one is the server's to answer. */
  act: ((response: ServerResponse, request: TokenRequest) => unknown) | undefined
  metadata: Record<string, unknown>
  tokenPath: string
  /** 404 for RFC 8414's place of the metadata, so that only OpenID Connect's is left. */
  isOpenIdOnly: boolean
  /** Issues this for the next requests, in place of a random token. */
  makeToken: ((holder: string) => string | Promise<string>) | undefined
}

/** Issues the callers' own tokens: its key, and the audience these must have to be exchanged. */
export interface Subjects {
  readonly keys: JWTVerifyGetKey
  readonly audience: string
}

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
const accessToken = "urn:ietf:params:oauth:token-type:access_token"
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/**
 * An OAuth authorization server on loopback: metadata, client credentials with all three ways for a client to prove
 * itself, and token exchange that verifies the subject's token. It is strict: what it does not expect, it refuses.
 */
export async function startAuthorizationServer(
  clients: Record<string, Client> = { gateway: { secret: "gateway-secret-31d9" } },
  { subjects, path = "" }: { subjects?: Subjects; path?: string } = {},
): Promise<AuthorizationServer> {
  const requests: TokenRequest[] = []
  const lookups: string[] = []
  const issued = new Map<string, string>()
  const state: AuthorizationState = {
    clients,
    expiresIn: 3600,
    act: undefined,
    metadata: {},
    tokenPath: "/token",
    isOpenIdOnly: false,
    makeToken: undefined,
  }
  const server = createServer((request, response) => {
    void answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  const origin = `http://127.0.0.1:${port}`
  const issuer = `${origin}${path}`
  const tokenEndpoint = `${issuer}/token`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { url = "", headers } = request
    if (request.method === "POST" && url === `${path}${state.tokenPath}`) {
      const form = new URLSearchParams(body)
      const client = await proved(form, headers.authorization, { clients: state.clients, issuer })
      await answerClient({ form, headers, client: client ?? "nobody" }, response)
      return
    }
    lookups.push(url)
    const isMetadata =
      url === `${path}/.well-known/openid-configuration` ||
      (url === `/.well-known/oauth-authorization-server${path}` && !state.isOpenIdOnly)
    const metadata = { issuer, token_endpoint: `${issuer}${state.tokenPath}` }
    if (isMetadata) json(response, { ...metadata, ...state.metadata })
    else response.writeHead(404, { "content-type": "text/html" }).end("<h1>not here</h1>")
  }

  async function answerClient(asked: TokenRequest, response: ServerResponse): Promise<void> {
    requests.push(asked)
    if (state.act !== undefined && (await state.act(response, asked)) !== false) return
    const wrong = { error: "invalid_client", error_description: `${asked.form} is wrong` }
    if (asked.client === "nobody") json(response, wrong, 401)
    else await grant(asked, response)
  }

  async function grant({ form, client }: TokenRequest, response: ServerResponse): Promise<void> {
    const type = form.get("grant_type")
    const holder =
      type === "client_credentials"
        ? client.split(" ")[1]
        : type === exchangeGrant
          ? await subjectOf(form, subjects)
          : undefined
    if (holder === undefined) {
      const error = type === exchangeGrant ? "invalid_request" : "unsupported_grant_type"
      json(response, { error, error_description: `refused: ${form.get("subject_token")}` }, 400)
      return
    }
    const token = (await state.makeToken?.(holder)) ?? `token-${crypto.randomUUID()}`
    issued.set(token, holder)
    json(response, {
      access_token: token,
      token_type: "Bearer",
      expires_in: state.expiresIn,
      ...(type === exchangeGrant && { issued_token_type: accessToken }),
    })
  }

  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, "close")
  }
  const holder = (authorization = "") => issued.get(authorization.replace(/^Bearer /, ""))
  return {
    issuer,
    tokenEndpoint,
    requests,
    lookups,
    state,
    accepts: (authorization) => holder(authorization) !== undefined,
    holder,
    revoke: () => issued.clear(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** `method client`; undefined for a client that did not prove itself, or proved itself twice. */
async function proved(
  form: URLSearchParams,
  authorization: string | undefined,
  { clients, issuer }: { clients: Record<string, Client>; issuer: string },
): Promise<string | undefined> {
  const isBasic = authorization !== undefined
  const isPost = form.has("client_secret")
  const isJwt = form.has("client_assertion")
  if ([isBasic, isPost, isJwt].filter(Boolean).length !== 1) return
  if (isJwt) return assertedBy(form, clients, issuer)
  const [id = "", secret] = isBasic
    ? Buffer.from(authorization.replace(/^Basic /, ""), "base64")
        .toString()
        .split(":")
        .map((part) => decodeURIComponent(part.replaceAll("+", " ")))
    : [form.get("client_id") ?? "", form.get("client_secret")]
  const known = clients[id]?.secret
  if (known === undefined || known !== secret) return
  return `${isBasic ? "basic" : "post"} ${id}`
}

async function assertedBy(form: URLSearchParams, clients: Record<string, Client>, issuer: string) {
  const id = form.get("client_id") ?? ""
  const keys = clients[id]?.keys
  if (keys === undefined || form.get("client_assertion_type") !== assertionType) return
  const verified = await jwtVerify(form.get("client_assertion") ?? "", createLocalJWKSet(keys), {
    issuer: id,
    subject: id,
    audience: [issuer, `${issuer}/token`],
    requiredClaims: ["exp", "jti"],
    maxTokenAge: 120,
  }).catch(() => undefined)
  return verified && `${verified.protectedHeader.alg} ${id}`
}

/** The subject of a caller's token, if it was issued by whom we believe, for whom it may be exchanged. */
async function subjectOf(form: URLSearchParams, subjects: Subjects | undefined) {
  if (subjects === undefined || form.get("requested_token_type") !== accessToken) return
  const { audience, keys } = subjects
  const token = form.get("subject_token") ?? ""
  const verified = await jwtVerify(token, keys, { audience }).catch(() => undefined)
  return verified?.payload.sub
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  const head = { "content-type": "application/json", "cache-control": "no-store" }
  response.writeHead(status, head).end(typeof body === "string" ? body : JSON.stringify(body))
}

/** An issuer of callers' tokens, whose subjects an authorization server exchanges. */
export async function makeSubjects(audience = "postern") {
  const key = await makeKey("callers")
  const keys = createLocalJWKSet({ keys: [key.jwk] })
  const token = (sub: string, more: object = {}) =>
    key.sign({
      iss: "https://idp.example",
      aud: audience,
      exp: Math.floor(Date.now() / 1_000) + 600,
      sub,
      ...more,
    })
  return { key, subjects: { keys, audience } satisfies Subjects, token }
}
