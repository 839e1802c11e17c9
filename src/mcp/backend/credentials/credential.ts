import type { Failure } from "../failure.ts"

/** Alternating names and values of headers. Another array whenever the values are others. */
export type ProofHeaders = readonly string[]

export type Obtained =
  | { readonly ok: true; readonly headers: ProofHeaders }
  | { readonly ok: false; readonly failure: Failure }

/** What shows a server that the gateway may call it, where that changes from time to time. */
export interface Credential {
  /**
   * What to send now; undefined where it must first be obtained. If it is due for renewal, that is started in the
   * background.
   */
  headers(): ProofHeaders | undefined
  /** Never rejects. Many who wait cause one request. */
  obtain(): Promise<Obtained>
  /** The server refused these: obtains others, if there are any. Never rejects. */
  renew(refused: ProofHeaders): Promise<ProofHeaders | undefined>
}

/** Two credentials that a server wants side by side: a key from a file and a token, say. */
export class JoinedCredential implements Credential {
  readonly #parts: readonly Credential[]
  #last: { readonly parts: readonly ProofHeaders[]; readonly joined: ProofHeaders } | undefined

  constructor(parts: readonly Credential[]) {
    this.#parts = parts
  }

  headers(): ProofHeaders | undefined {
    const found = this.#parts.map((part) => part.headers())
    return found.every((part) => part !== undefined) ? this.#join(found) : undefined
  }

  async obtain(): Promise<Obtained> {
    const obtained = await Promise.all(
      this.#parts.map((part): Obtained | Promise<Obtained> => {
        const headers = part.headers()
        return headers === undefined ? part.obtain() : { ok: true, headers }
      }),
    )
    const failed = obtained.find((part) => !part.ok)
    if (failed !== undefined) return failed
    const headers = this.#join(obtained.flatMap((part) => (part.ok ? [part.headers] : [])))
    return { ok: true, headers }
  }

  async renew(refused: ProofHeaders): Promise<ProofHeaders | undefined> {
    const last = this.#last
    if (last === undefined || last.joined !== refused) return this.headers()
    const renewed = await Promise.all(
      this.#parts.map((part, index) => part.renew(last.parts[index] ?? [])),
    )
    if (renewed.every((part) => part === undefined)) return
    return this.#join(renewed.map((part, index) => part ?? last.parts[index] ?? []))
  }

  #join(parts: readonly ProofHeaders[]): ProofHeaders {
    const last = this.#last
    if (last?.parts.every((part, index) => part === parts[index])) return last.joined
    const joined = parts.flat()
    this.#last = { parts, joined }
    return joined
  }
}
