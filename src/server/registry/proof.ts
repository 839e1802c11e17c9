import { withSecrets } from "../../mcp/backend/credentials/authorization.ts"
import type { ProofHeaders } from "../../mcp/backend/credentials/credential.ts"
import { HeldToken } from "../../mcp/backend/credentials/held-token.ts"
import { JsonRequests } from "../../mcp/backend/credentials/json-request.ts"
import { TokenSource } from "../../mcp/backend/credentials/token-source.ts"
import { isHeaderText, readSecret } from "../../mcp/backend/secret-text.ts"
import type { Proof } from "../../store/http/fetch-document.ts"
import { backoffMaxMs } from "../../store/http/schedule.ts"
import type { RegistryAuth } from "../config/config.ts"
import type { Limits } from "../limits.ts"
import { secretText } from "../routes.ts"

const retryMs = 1_000

/** What the gateway shows the source of its registry. Secrets in files are read each time. */
export function proofOf(auth: RegistryAuth, limits: Limits): Proof {
  switch (auth.kind) {
    case "bearer":
      return fixed(async () => `Bearer ${await readSecret(secretText(auth.token))}`)
    case "basic":
      return fixed(async () => basic(auth.user, await readSecret(secretText(auth.password))))
    case "clientCredentials":
      return new TokenProof(auth, limits)
  }
}

/** RFC 7617, in UTF-8. */
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`

const fixed = (make: () => Promise<string>): Proof => ({
  async headers() {
    const authorization = await make()
    if (isHeaderText(authorization)) return { authorization }
    throw new Error("the secret in registry.auth holds a character that no header can carry")
  },
  renew: async () => false,
})

/** A token that is had with client credentials, and held until it ends or is refused. */
class TokenProof implements Proof {
  readonly #held: HeldToken
  #shown: ProofHeaders = []

  constructor(auth: Extract<RegistryAuth, { kind: "clientCredentials" }>, limits: Limits) {
    const timing = {
      now: () => performance.now(),
      backoffMs: retryMs,
      backoffMaxMs,
    }
    const source = new TokenSource(withSecrets(auth.authorization, secretText), {
      timing,
      reveal: readSecret,
      requests: new JsonRequests({
        timeoutMs: limits.backendTokenTimeout,
        bytesMax: limits.backendTokenBytes,
        connectionsMax: 1,
      }),
      failed: () => undefined, // the source of the registry is then away, and says why
    })
    this.#held = new HeldToken(source, timing, () => undefined)
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const headers = this.#held.headers() ?? (await this.#obtained())
    this.#shown = headers
    const [name, value] = headers
    return name === undefined || value === undefined ? {} : { [name]: value }
  }

  async renew(): Promise<boolean> {
    return (await this.#held.renew(this.#shown)) !== undefined
  }

  async #obtained(): Promise<ProofHeaders> {
    const obtained = await this.#held.obtain()
    if (obtained.ok) return obtained.headers
    throw new Error(obtained.failure.reason)
  }
}
