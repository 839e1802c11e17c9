import { SourceAway, Unreadable } from "../source.ts"
import {
  checkAnswer,
  conditionOf,
  isSameEtag,
  readBody,
  statusWords,
  type Told,
  toldBy,
} from "./answer.ts"
import type { Good, Known } from "./copy.ts"
import { type Answer, get, type TlsFiles } from "./get.ts"
import type { HttpLimits } from "./limits.ts"
import { isOlder, printedTime } from "./published.ts"

export interface FetchOptions {
  readonly url: string
  readonly tls: TlsFiles
  readonly limits: HttpLimits
  readonly proof: Proof | undefined
  readonly signature: SignatureCheck | undefined
  /** Take a document that was published before the one that is known. */
  readonly acceptOlder: boolean
}

/** What shows the source that the gateway may read. */
export interface Proof {
  /** Rejects with an Error, which holds no secret, where there is none to be had. */
  headers(): Promise<Readonly<Record<string, string>>>
  /** Called when the last headers were refused: whether there are others now. */
  renew(): Promise<boolean>
}

export interface SignatureCheck {
  /** Where the detached signature of the document is, unless the answer itself carries it in this header. */
  readonly url: string
  readonly header: string
  /** When it was signed. Rejects with an Error, in words for the operator, where the signature does not hold. */
  verify(bytes: Uint8Array, signature: string): Promise<{ readonly signedAtMs: number }>
}

export type Found =
  | { readonly kind: "document"; readonly good: Good }
  | { readonly kind: "unchanged"; readonly events: string | undefined }

/** A 304 to a condition other than ours: the source meant another document, and must be asked without one. */
export class Misunderstood extends SourceAway {}

const signatureBytesMax = 16 * 1024

/** The address as it may be printed: its query may hold a secret. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

/**
 * Asks once for the document at an address, if it is another than the one that is known. Rejects with
 * {@link SourceAway} where there is no telling, and with {@link Unreadable} for what must not be used: too large, not
 * signed, or older than what is known.
 */
export class DocumentFetch {
  readonly #options: FetchOptions
  readonly #place: string

  constructor(options: FetchOptions) {
    this.#options = options
    this.#place = placeOf(options.url)
  }

  async fetch(known: Known | undefined, calledOff: AbortSignal): Promise<Found> {
    const { acceptOlder, limits, url } = this.#options
    const signal = AbortSignal.any([calledOff, AbortSignal.timeout(limits.fetchMs)])
    const condition = known === undefined ? {} : conditionOf(known)
    const found = await this.#ask(url, condition, signal, (answer) => this.#read(answer, known))
    if (!("bytes" in found)) return { kind: "unchanged", events: found.events }
    const { bytes, carried, told } = found
    const good = { ...told, ...(await this.#signed(bytes, carried, signal)), bytes }
    if (!acceptOlder && known !== undefined && isOlder(good, known))
      throw this.#refusal(
        "registry_document_older",
        `the source has an older document (${printedTime(good)}) than the one that is known (${printedTime(known)})`,
        "to go back on purpose, publish the old text as new; or see registry.older",
      )
    return { kind: "document", good }
  }

  async #read(answer: Answer, known: Told | undefined) {
    const { limits, signature, url } = this.#options
    const told = toldBy(answer.headers, url)
    if (answer.status === 304) {
      this.#checkUnchanged(told, known)
      return told
    }
    const header = signature && answer.headers[signature.header]
    const bytes = await readBody(answer, { bytesMax: limits.documentBytesMax, place: this.#place })
    return { bytes, told, carried: typeof header === "string" ? header : undefined }
  }

  #checkUnchanged({ etag }: Told, known: Told | undefined): void {
    const wasAsked = known !== undefined && Object.keys(conditionOf(known)).length > 0
    const isOurs = etag === undefined || known?.etag === undefined || isSameEtag(etag, known.etag)
    if (wasAsked && isOurs) return
    throw new Misunderstood("it says that the document is unchanged, and means another one", {
      file: this.#place,
    })
  }

  async #signed(bytes: Buffer, carried: string | undefined, signal: AbortSignal) {
    const { signature } = this.#options
    if (signature === undefined) return { signature: undefined }
    const text = carried ?? (await this.#fetchSignature(signature.url, signal))
    try {
      return { signature: text, ...(await signature.verify(bytes, text)) }
    } catch (error) {
      throw this.#refusal(
        "registry_signature_invalid",
        `the document is not signed as registry.signature asks: ${wordsOf(error)}`,
      )
    }
  }

  async #fetchSignature(url: string, signal: AbortSignal): Promise<string> {
    const limits = { bytesMax: signatureBytesMax, place: this.#place }
    try {
      const bytes = await this.#ask(url, {}, signal, (answer) => readBody(answer, limits))
      return bytes.toString("latin1").trim()
    } catch (error) {
      const { pathname } = new URL(url)
      throw new SourceAway(`its signature, at ${pathname}: ${wordsOf(error)}`, {
        file: this.#place,
        cause: error,
      })
    }
  }

  /** A GET with what proves the gateway, and a second one with a renewed proof where the first was refused. */
  async #ask<T>(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    read: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    const { proof } = this.#options
    const first = await this.#askOnce(url, headers, signal, read)
    if (first !== "refused") return first.read
    const second = (await proof?.renew()) ? await this.#askOnce(url, headers, signal, read) : first
    if (second !== "refused") return second.read
    throw new SourceAway(statusWords(401), { file: this.#place })
  }

  async #askOnce<T>(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    read: (answer: Answer) => Promise<T>,
  ): Promise<{ readonly read: T } | "refused"> {
    const { proof, tls } = this.#options
    const place = this.#place
    const own = await proof?.headers().catch((error: unknown) => {
      throw new SourceAway(wordsOf(error), { file: place, cause: error })
    })
    const request = { url, place, tls, signal, headers: { ...own, ...headers } }
    return get(request, async (answer) => {
      if (answer.status === 401) return "refused"
      checkAnswer(answer, place)
      return { read: await read(answer) }
    })
  }

  #refusal(code: string, message: string, hint?: string): Unreadable {
    const problem = { code, severity: "error", pointer: "", message, file: this.#place } as const
    return new Unreadable(hint === undefined ? problem : { ...problem, hint })
  }
}

export const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
