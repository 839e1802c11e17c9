import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type StandardSchemaV1,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client"
import { isObject, type JsonObject } from "../schema/json.ts"
import { refusalKey } from "./face/refusal-words.ts"
import { firstModern } from "./revisions.ts"

/** How to reach a gateway or any other MCP server over Streamable HTTP. */
export interface ClientOptions {
  readonly url: string
  /** `auto` asks for the modern era and takes the legacy one when the server has no other. */
  readonly era: "auto" | "legacy" | "modern"
  readonly headers: ReadonlyMap<string, string>
  /** For each request. */
  readonly timeoutMs: number
  readonly identity: { readonly name: string; readonly version: string }
  /** What is shown to a server that asks for a certificate. In PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

export type ClientAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ClientProblem }

/** What went wrong, and what to do about it. */
export interface ClientProblem {
  readonly message: string
  readonly hint: string
  /** Of a JSON-RPC error. */
  readonly code?: number
  readonly data?: unknown
}

/** All tools that the server shows this caller, every page, as plain JSON. */
export function listTools(options: ClientOptions): Promise<ClientAnswer<readonly JsonObject[]>> {
  return withClient(options, async (ask) => {
    const tools: JsonObject[] = []
    const cursors = new Set<unknown>()
    let params: JsonObject = {}
    for (;;) {
      const { tools: page, nextCursor } = await ask("tools/list", params)
      if (Array.isArray(page)) tools.push(...page.filter(isObject))
      if (typeof nextCursor !== "string" || cursors.has(nextCursor)) return tools
      cursors.add(nextCursor)
      params = { cursor: nextCursor }
    }
  })
}

export interface CallMore {
  /** The `_meta` of the request. */
  readonly meta?: JsonObject
  /** Told how long the answer took, once connected, in milliseconds. */
  readonly took?: (ms: number) => void
}

/** The whole result of one call; one with `isError: true` is a result, too. */
export function callTool(
  options: ClientOptions,
  name: string,
  args: JsonObject,
  { meta, took }: CallMore = {},
): Promise<ClientAnswer<JsonObject>> {
  const params = { name, arguments: args, ...(meta && { _meta: meta }) }
  return withClient(options, async (ask) => {
    const startedMs = performance.now()
    const result = await ask("tools/call", params)
    took?.(performance.now() - startedMs)
    return result
  })
}

type Ask = (method: string, params: JsonObject) => Promise<JsonObject>

async function withClient<T>(
  options: ClientOptions,
  use: (ask: Ask) => Promise<T>,
): Promise<ClientAnswer<T>> {
  const { url, identity, headers, timeoutMs: timeout } = options
  const mode = options.era === "modern" ? { pin: firstModern } : options.era
  const client = new Client({ ...identity }, { versionNegotiation: { mode } })
  const showing = options.certificate && (await fetchShowing(options.certificate))
  try {
    const requestInit = { headers: Object.fromEntries(headers) }
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit,
      ...(showing && { fetch: showing.fetch }),
    })
    await client.connect(transport, { timeout })
    const value = await use((method, params) =>
      client.request({ method, params: { ...params } }, asItIs, { timeout }),
    )
    await Promise.allSettled([transport.terminateSession()]) // one that cannot be ended expires by itself
    return { ok: true, value }
  } catch (error) {
    return { ok: false, problem: problemOf(error, options) }
  } finally {
    await client.close()
    await showing?.close()
  }
}

/** Node's own `fetch` takes no client certificate, and no dispatcher of any undici but its own. */
async function fetchShowing(certificate: NonNullable<ClientOptions["certificate"]>) {
  const undici = await import("undici")
  const dispatcher = new undici.Agent({ connect: { ...certificate } })
  return {
    fetch: (url: string | URL, init?: RequestInit): Promise<Response> =>
      undici.fetch(url, { ...init, dispatcher } as never) as never, // two declarations of one standard
    close: () => dispatcher.destroy(),
  }
}

/** The SDK's own schemas drop members that they do not know; this one (Standard Schema 1) only asks for an object. */
const asItIs: StandardSchemaV1<unknown, JsonObject> = {
  "~standard": {
    version: 1,
    vendor: "postern",
    validate: (value) =>
      isObject(value) ? { value } : { issues: [{ message: "expected an object" }] },
  },
}

function problemOf(error: unknown, options: ClientOptions): ClientProblem {
  if (error instanceof ProtocolError) return ofProtocol(error)
  if (error instanceof SdkHttpError) return ofStatus(error, options.url)
  const network = networkCode(error)
  if (error instanceof SdkError && network === undefined) return ofSdk(error, options)
  if (network !== undefined && lost.has(network))
    return {
      message: `the connection to ${shown(options.url)} was lost before the answer: ${network}`,
      hint: `look at the server's log: what was asked for may have been carried out${perhapsTls(options)}`,
    }
  const words = error instanceof Error ? error.message : String(error)
  return {
    message: `cannot reach ${shown(options.url)}: ${network ?? words}`,
    hint:
      hintOfTls(network) ??
      "check that the gateway is running and that the URL has its host, port and path",
  }
}

/** Why a server may have hung up at once. */
function perhapsTls({ certificate, url }: ClientOptions): string {
  if (url.startsWith("http:")) return "; where it speaks TLS, the URL begins with https"
  return certificate === undefined
    ? "; where it wants a certificate, --cert and --key show one"
    : ", or the certificate shown is not believed there"
}

/** What to do about a connection on which TLS did not come about. */
function hintOfTls(code = ""): string | undefined {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH/.test(code))
    return "the other side does not speak TLS: the URL begins with http"
  if (/^ERR_SSL_TLSV1_ALERT|^ERR_SSL_TLSV13_ALERT|^ERR_SSL_SSLV3_ALERT/.test(code))
    return "the other side takes no certificate, or not this one: see --cert and --key"
  if (code.startsWith("ERR_OSSL_"))
    return "--cert and --key name files with a certificate and its own key, both in PEM"
  if (/CERT|SIGNED|ISSUER|VERIFY/.test(code))
    return "its certificate is not believed: name its authority's file in NODE_EXTRA_CA_CERTS"
  return
}

/** What system and HTTP client say of a connection that was made and then broke. */
const lost: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"])

/** `fetch failed` says nothing; the system error at the bottom does. */
function networkCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException // a missing code is undefined, and that is looked at
    if (code !== undefined && !(at instanceof SdkError)) return code
  }
  return
}

function ofProtocol({ code, message, data }: ProtocolError): ClientProblem {
  const isUnknown = /unknown tool/i.test(message)
  const hint = isUnknown
    ? "postern tools shows the tools that this caller may use; who the caller is depends on the headers sent"
    : "this is the server's own answer; its log may say more"
  return data === undefined ? { message, hint, code } : { message, hint, code, data }
}

function ofStatus({ status, data }: SdkHttpError, url: string): ClientProblem {
  const said = errorIn(data["text"])
  const where = `${shown(url)} answered HTTP ${status}`
  const words = { ...said, message: said === undefined ? where : `${said.message} (${where})` }
  const hint = hints[codeIn(said?.data)]
  if (hint !== undefined) return { ...words, hint }
  if (status === 401 || (status === 403 && said === undefined))
    return { ...words, hint: "send credentials: --token VARIABLE or --header 'authorization: …'" }
  if (status === 403)
    return {
      ...words,
      hint: "say who calls: --agent NAME@VERSION, as it is registered, or --token, or --cert",
    }
  if (said === undefined && (status === 404 || status === 405))
    return { ...words, hint: "check the path of the URL; the gateway's default is /mcp" }
  return { ...words, hint: "the server's log may say why" }
}

/** What to do about refusals that a status alone does not tell apart from others. */
const hints: Readonly<Partial<Record<string, string>>> = {
  invalid_credentials:
    "what was sent is not accepted; the reason of this refusal in the gateway's audit says which check failed",
  identity_conflict:
    "token, certificate and headers name different agents: send one, or make them agree",
  rate_limited:
    "a rule of rateLimits in the gateway's configuration; the gateway's audit says which",
  identity_unavailable:
    "the gateway has no keys to check the token with; its /readyz and its audit say why",
}

function codeIn(data: unknown): string {
  const refusal = isObject(data) ? data[refusalKey] : undefined
  const code = isObject(refusal) ? refusal["code"] : undefined
  return typeof code === "string" && Object.hasOwn(hints, code) ? code : ""
}

/** The JSON-RPC error in the body of an answer, where the server said more than a status. */
function errorIn(text: unknown): Omit<ClientProblem, "hint"> | undefined {
  if (typeof text !== "string") return
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return // a page of a proxy, say: the status is all there is to tell
  }
  const error = isObject(body) ? body["error"] : undefined
  if (!isObject(error) || typeof error["message"] !== "string") return
  const { code, message, data } = error
  return {
    message,
    ...(typeof code === "number" && { code }),
    ...(data !== undefined && { data }),
  }
}

function ofSdk({ code, message }: SdkError, { url, era, timeoutMs }: ClientOptions): ClientProblem {
  if (code === SdkErrorCode.RequestTimeout)
    return {
      message: `${shown(url)} did not answer within ${timeoutMs} ms`,
      hint: "try again with a longer --timeout, or look at the server's /status",
    }
  if (code === SdkErrorCode.EraNegotiationFailed && era !== "auto")
    return {
      message: `${shown(url)} does not speak the ${era} protocol: ${message}`,
      hint: "try --era auto",
    }
  return {
    message: `${shown(url)} did not answer as MCP asks for: ${message}`,
    hint: "check the URL: is this an MCP endpoint?",
  }
}

/** Without user, password and query, which may hold secrets. */
function shown(url: string): string {
  if (!URL.canParse(url)) return url
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
