import { readFile } from "node:fs/promises"
import type { IncomingHttpHeaders } from "undici/types/header.js"
import { SourceAway } from "../source.ts"

/** Files in PEM, read anew for each connection, so that they may be replaced while the gateway runs. */
export interface TlsFiles {
  /** In place of the certificate authorities of the system. */
  readonly ca?: string | undefined
  /** The certificate that the gateway presents. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined
}

export interface Request {
  readonly url: string
  /** The address as it may be printed: without its query. */
  readonly place: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsFiles
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Buffer>
}

/**
 * One GET on a connection of its own, which is closed when `use` is done: names are looked up and certificates read anew,
 * and nothing is left open between two looks minutes apart. No redirect is followed, nothing compressed is asked for or
 * unpacked. Rejects with {@link SourceAway}, or with what `use` rejects with.
 */
export async function get<T>(request: Request, use: (answer: Answer) => Promise<T>): Promise<T> {
  const { headers, place, signal, tls, url } = request
  const undici = await import("undici") // most registries are files, and it takes long to load
  const agent = new undici.Agent({
    connections: 1,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: 16 * 1024,
    headersTimeout: 0, // the signal is the one clock
    bodyTimeout: 0,
    connect: await materialOf(tls, place),
  })
  try {
    const {
      statusCode,
      headers: answered,
      body,
    } = await undici.request(url, {
      dispatcher: agent,
      signal,
      headers: { "accept-encoding": "identity", "user-agent": "postern", ...headers },
    })
    body.on("error", () => undefined) // whoever reads it is told; after that it is nobody's
    return await use({ status: statusCode, headers: answered, body })
  } catch (error) {
    throw error instanceof SourceAway || !isOfNetwork(error) ? error : away(error, request)
  } finally {
    await agent.destroy().catch(() => undefined)
  }
}

async function materialOf({ ca, client }: TlsFiles, place: string) {
  try {
    return {
      timeout: 0, // as above
      ...(ca !== undefined && { ca: await readFile(ca) }),
      ...(client && { cert: await readFile(client.cert), key: await readFile(client.key) }),
    }
  } catch (error) {
    throw new SourceAway(error instanceof Error ? error.message : String(error), {
      file: place,
      cause: error,
    })
  }
}

/** Errors of sockets, TLS, DNS and undici have codes; those of aborted signals, names. */
const isOfNetwork = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && ("code" in error || /^(?:Timeout|Abort)Error$/.test(error.name))

function away(error: NodeJS.ErrnoException, { place }: Request): SourceAway {
  const { code = error.name, name } = error
  const said = isUntrusted(code)
    ? `its certificate is not trusted (${code}); see registry.tls.ca`
    : words.get(code)
  const reason = words.get(name) ?? said ?? `it cannot be reached (${code})`
  return new SourceAway(reason, { file: place, cause: error })
}

const isUntrusted = (code: string): boolean =>
  /CERT|SIGNED|ISSUER|VERIFY/.test(code) && !code.startsWith("ERR_SSL")

const words: ReadonlyMap<string, string> = new Map([
  ["TimeoutError", "it took too long to answer"],
  ["AbortError", "the request was called off"],
  ["ECONNREFUSED", "nothing listens there (ECONNREFUSED)"],
  ["ENOTFOUND", "its name is not known (ENOTFOUND)"],
  ["EAI_AGAIN", "its name cannot be looked up now (EAI_AGAIN)"],
  ["ECONNRESET", "the connection was reset"],
  ["UND_ERR_SOCKET", "the connection ended before the answer did"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "the answer is shorter or longer than it says"],
  ["UND_ERR_HEADERS_OVERFLOW", "the headers of its answer are too large"],
])

/** The value of a header that was sent once; undefined where it was sent more often, or not at all. */
export function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === "string" ? value : undefined
}
