import type { Dispatcher } from "undici"
import type { HttpAddress } from "../address.ts"
import type { Credential, ProofHeaders } from "../credentials/credential.ts"
import { secretsIn } from "../echo.ts"
import type { Exchange } from "./exchange.ts"

/** One HTTP request, all but what proves who sends it. */
export interface Departure {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly headers: string[]
  readonly body: string | null
}

/**
 * The way out of a link: everything that is sent to a server passes here and is given its credentials. A request that
 * the server refuses because of them was not carried out, and is sent once more where there are others.
 */
export class Outlet {
  readonly #credential: Credential | undefined
  /** Those of the headers and of the address, which never change. */
  readonly #secrets: readonly string[]
  readonly #proved = new WeakMap<ProofHeaders, readonly string[]>()

  constructor({ headers, url }: HttpAddress, credential: Credential | undefined) {
    this.#credential = credential
    this.#secrets = secretsIn([...headers, ...new URL(url).searchParams])
  }

  send(over: Dispatcher, departure: Departure, exchange: Exchange): void {
    exchange.secrets = this.#secrets
    if (this.#credential === undefined) {
      over.dispatch(departure, exchange)
      return
    }
    const proof = this.#credential.headers()
    if (proof === undefined) void this.#sendWhenProved(over, departure, exchange, this.#credential)
    else this.#sendProved(over, departure, exchange, this.#credential, proof)
  }

  async #sendWhenProved(
    over: Dispatcher,
    departure: Departure,
    exchange: Exchange,
    credential: Credential,
  ): Promise<void> {
    const obtained = await credential.obtain()
    if (!obtained.ok) exchange.fail(obtained.failure)
    else if (!exchange.isClosed)
      this.#sendProved(over, departure, exchange, credential, obtained.headers)
  }

  #sendProved(
    over: Dispatcher,
    departure: Departure,
    exchange: Exchange,
    credential: Credential,
    proof: ProofHeaders,
  ): void {
    const leave = (headers: ProofHeaders) => {
      exchange.secrets = this.#secretsOf(headers)
      over.dispatch({ ...departure, headers: [...departure.headers, ...headers] }, exchange)
    }
    exchange.renewal = async () => {
      const other = await credential.renew(proof)
      return other && (() => leave(other))
    }
    leave(proof)
  }

  #secretsOf(proof: ProofHeaders): readonly string[] {
    let secrets = this.#proved.get(proof)
    if (secrets === undefined) {
      const pairs = proof.flatMap((name, at): [string, string][] =>
        at % 2 === 0 ? [[name, proof[at + 1] ?? ""]] : [],
      )
      secrets = [...this.#secrets, ...secretsIn(pairs)]
      this.#proved.set(proof, secrets)
    }
    return secrets
  }
}
