import { SourceAway, Unreadable } from "../source.ts"
import { type Answer, single } from "./get.ts"
import { monitorLink } from "./monitor-link.ts"

/** What a source says of its document, besides the document. */
export interface Told {
  readonly etag: string | undefined
  /** As the source wrote it, and when that is. */
  readonly lastModified: string | undefined
  readonly modifiedAtMs: number | undefined
  /** Where it tells of changes. */
  readonly events: string | undefined
}

/** From the headers of the answer for `url`. */
export function toldBy(headers: Answer["headers"], url: string): Told {
  const etag = single(headers, "etag")
  const lastModified = single(headers, "last-modified")
  const modifiedAtMs = lastModified === undefined ? undefined : passed(Date.parse(lastModified))
  const isTime = modifiedAtMs !== undefined && !Number.isNaN(modifiedAtMs)
  return {
    etag: etag !== undefined && isEtag(etag) ? etag : undefined,
    lastModified: isTime ? lastModified : undefined,
    modifiedAtMs: isTime ? modifiedAtMs : undefined,
    events: monitorLink(headers["link"], url),
  }
}

/**
 * A time to come is the mistake of a clock (RFC 9110 §8.8.2.1), and every document that is published before it would be
 * taken for an older one: it counts as now, in whole seconds as all such times.
 */
const passed = (ms: number): number => Math.min(ms, Math.floor(Date.now() / 1_000) * 1_000)

/** RFC 9110 §8.8.3. Anything else could not be sent back as a condition. */
const isEtag = (text: string): boolean =>
  text.length <= 1_024 && /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(text)

/** Whether two tags are of the same document (RFC 9110 §8.8.3.2, weak comparison). */
export const isSameEtag = (a: string, b: string): boolean =>
  a.replace(/^W\//, "") === b.replace(/^W\//, "")

/** To ask for the document only if it is another one; ETags count for more than times (RFC 9110 §13.2.2). */
export function conditionOf({ etag, lastModified }: Pick<Told, "etag" | "lastModified">) {
  if (etag !== undefined) return { "if-none-match": etag }
  return lastModified === undefined ? {} : { "if-modified-since": lastModified }
}

/** Throws a {@link SourceAway} for an answer that is neither a document nor the word that nothing changed. */
export function checkAnswer({ headers, status }: Answer, place: string): void {
  if (status === 304) return
  if (status !== 200)
    throw new SourceAway(statusWords(status), { file: place, retryAfterMs: retryAfter(headers) })
  const encoding = single(headers, "content-encoding") ?? "identity"
  if (headers["content-encoding"] !== undefined && encoding !== "identity")
    throw new SourceAway("its answer is compressed, which was not asked for", { file: place })
  const type = single(headers, "content-type")?.split(";", 1)[0]?.trim().toLowerCase()
  if (type !== undefined && !isType(type))
    throw new SourceAway(`it answered with ${printed(type)}, which is no JSON document`, {
      file: place,
    })
}

/** Servers of plain files and object stores do not know what they hold. */
const isType = (type: string): boolean =>
  /^(?:application|text)\/(?:[\w.-]+\+)?json$/.test(type) ||
  ["text/plain", "application/octet-stream", "binary/octet-stream", "application/jose"].includes(
    type,
  )

const printed = (type: string) => type.replace(/[^\w/.+-]/g, "?").slice(0, 64)

/** Why there is no document, from an answer with another status than 200. */
export function statusWords(status: number): string {
  if (status >= 300 && status < 400)
    return `it redirects (${status}), and redirects are not followed: name the address that it leads to`
  if (status === 401 || status === 403)
    return `it does not let the gateway in (${status}); see registry.auth`
  if (status === 404 || status === 410) return `there is nothing at this address (${status})`
  return `it answered ${status}`
}

/** RFC 9110 §10.2.3: seconds, or a time. */
function retryAfter(headers: Answer["headers"]): number | undefined {
  const said = single(headers, "retry-after")
  if (said === undefined) return
  const ms = /^\d{1,9}$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** All of a body; rejects with {@link Unreadable} as soon as it is too large. */
export async function readBody(
  { body, headers }: Answer,
  { bytesMax, place }: { readonly bytesMax: number; readonly place: string },
): Promise<Buffer> {
  const said = Number(single(headers, "content-length") ?? 0)
  const chunks: Buffer[] = []
  let bytes = 0
  if (said > bytesMax) throw tooLarge(place, bytesMax)
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge(place, bytesMax)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

const tooLarge = (file: string, bytesMax: number) =>
  new Unreadable({
    code: "document_too_large",
    severity: "error",
    pointer: "",
    message: `the source sends more than ${bytesMax} bytes`,
    hint: "raise limits.registryBytes if this is right",
    file,
  })
