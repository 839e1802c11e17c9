import type { SubjectToken } from "../../../call/backends.ts"
import type { HttpAddress } from "../address.ts"
import type { LogFields, LogLevel } from "../link.ts"
import type { Redactor } from "../redact.ts"
import type { Reveal } from "../secret-text.ts"
import { type Credential, JoinedCredential } from "./credential.ts"
import { FileHeaders } from "./file-headers.ts"
import { HeldToken } from "./held-token.ts"
import type { JsonRequests } from "./json-request.ts"
import { type Timing, TokenSource } from "./token-source.ts"

export interface CredentialPorts {
  readonly requests: JsonRequests
  readonly timing: Timing
  readonly redactor: Redactor
  readonly reveal: Reveal
  log(level: LogLevel, event: string, fields: LogFields): void
}

/** How the tokens for a server are doing. */
export interface TokenStatus {
  readonly kind: "client_credentials" | "token_exchange"
  /** Of the token endpoint, since the start. */
  readonly requests: number
  readonly failures: number
  /** What went wrong the last time; undefined when it went well. */
  readonly problem: string | undefined
}

/** All that proves the gateway, or a caller through it, to one server, apart from headers that never change. */
export class ServerCredentials {
  readonly #ports: CredentialPorts
  readonly #files: FileHeaders | undefined
  readonly #source: TokenSource | undefined

  constructor({ authorization, headerFiles }: HttpAddress, ports: CredentialPorts) {
    this.#ports = ports
    const { log, requests, reveal, timing } = ports
    if (headerFiles !== undefined && headerFiles.size > 0)
      this.#files = new FileHeaders(headerFiles, {
        now: timing.now,
        reveal,
        unreadable: (reason) => log("warn", "secret_unreadable", { reason }),
      })
    if (authorization !== undefined)
      this.#source = new TokenSource(authorization, {
        requests,
        timing,
        reveal,
        failed: (reason, waitMs) =>
          log("warn", "token_unavailable", {
            reason,
            retryAfterMs: waitMs === undefined ? waitMs : Math.round(waitMs),
          }),
      })
  }

  /** The gateway's own; undefined where it needs none. */
  own(): Credential | undefined {
    return this.#joined(this.#source && this.#held(this.#source))
  }

  /** That of a caller, whose token `subject` gives while a request of that caller is under way. */
  ofCaller(subject: () => SubjectToken | undefined): Credential | undefined {
    return this.#joined(this.#source && this.#held(this.#source, subject))
  }

  #held(source: TokenSource, subject?: () => SubjectToken | undefined): HeldToken {
    const { redactor, timing } = this.#ports
    return new HeldToken(source, timing, (token) => redactor.learnToken(token), subject)
  }

  #joined(token: HeldToken | undefined): Credential | undefined {
    if (this.#files === undefined) return token
    return token === undefined ? this.#files : new JoinedCredential([this.#files, token])
  }

  get status(): TokenStatus | undefined {
    return this.#source && { kind: this.#source.authorization.kind, ...this.#source.state }
  }
}
