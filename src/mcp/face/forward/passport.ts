import { createHash } from "node:crypto"
import type { Evidence } from "../../../call/caller.ts"
import type { Seal } from "../seal.ts"

/** In which header it travels. */
export const passportHeader = "postern-forwarded"

/** For so long it is good. Clocks of replicas may differ by as much. */
const livesMs = 30_000

/**
 * What one replica tells another about a request that it hands on: who sent it, as seen where it came in. Sealed with
 * the key that they share, for this body and for a moment: nobody else can make one, and none is good for another
 * request.
 */
export class Passports {
  readonly #seal: Seal
  readonly #now: () => number

  /** `now` in milliseconds since the epoch. */
  constructor(seal: Seal, now: () => number) {
    this.#seal = seal
    this.#now = now
  }

  issue(evidence: Evidence, body: string): string {
    return this.#seal.seal(JSON.stringify([this.#now() + livesMs, digestOf(body), evidence]))
  }

  /** Undefined for what is none, or none of this body. */
  read(passport: string, body: string): Evidence | undefined {
    const text = this.#seal.open(passport)
    if (text === undefined) return
    const [untilMs, digest, evidence] = JSON.parse(text) as [number, string, Evidence] // authenticated: our own shape
    const isGood = untilMs > this.#now() && digest === digestOf(body)
    return isGood ? { ...nobody, ...evidence } : undefined
  }
}

const digestOf = (body: string): string => createHash("sha256").update(body).digest("base64url")

/** JSON leaves out what is undefined. */
const nobody = {
  certificate: undefined,
  authorization: undefined,
  agentName: undefined,
  agentVersion: undefined,
  callerAgent: undefined,
  forwardedCertificate: undefined,
  clientInfo: undefined,
  sessionPrincipal: undefined,
}
