import type { SecretText } from "../secret-text.ts"

/**
 * How the gateway gets a token for a server: OAuth 2.1 client credentials, or RFC 8693 token exchange. `S` is what stands
 * for a secret.
 */
export interface Authorization<S = SecretText> {
  readonly kind: "client_credentials" | "token_exchange"
  readonly server: AuthorizationServer
  readonly clientId: string
  readonly proof: ClientProof<S>
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** RFC 8707. */
  readonly resource: readonly string[]
  /** RFC 8693 §3, of the caller's token; undefined for client credentials. */
  readonly subjectTokenType: string | undefined
  /** Who acts for the subject, where the client's own proof does not say it (RFC 8693 §2.1). */
  readonly actor: { readonly token: S; readonly tokenType: string } | undefined
}

/** Known by its issuer, whose metadata (RFC 8414) say the rest, or by the endpoint itself. */
export type AuthorizationServer =
  | { readonly issuer: string; readonly tokenEndpoint: undefined }
  | { readonly issuer: undefined; readonly tokenEndpoint: string }

export type SecretMethod = "client_secret_basic" | "client_secret_post"

export type ClientProof<S = SecretText> =
  | {
      readonly kind: "secret"
      readonly secret: S
      /** Undefined: what the metadata offer, else basic. */
      readonly method: SecretMethod | undefined
    }
  | {
      readonly kind: "key"
      /** A private key as PEM or JWK. */
      readonly key: S
      readonly keyId: string | undefined
      /** Undefined: what the key is for. */
      readonly algorithm: string | undefined
      /** The assertion's `aud`; undefined: the issuer or, where that is not known, the token endpoint. */
      readonly audience: string | undefined
    }

/** The same with each secret as `change` makes it. */
export function withSecrets<S, T>(
  { actor, proof, ...rest }: Authorization<S>,
  change: (secret: S) => T,
): Authorization<T> {
  return {
    ...rest,
    proof:
      proof.kind === "key"
        ? { ...proof, key: change(proof.key) }
        : { ...proof, secret: change(proof.secret) },
    actor: actor && { ...actor, token: change(actor.token) },
  }
}

export const secretsOfAuthorization = <S>({ actor, proof }: Authorization<S>): S[] => [
  proof.kind === "key" ? proof.key : proof.secret,
  ...(actor === undefined ? [] : [actor.token]),
]
