import type { SecretText } from "../secret-text.ts"

/** How the gateway gets a token for a server: OAuth 2.1 client credentials, or RFC 8693 token exchange. */
export interface Authorization {
  readonly kind: "client_credentials" | "token_exchange"
  readonly server: AuthorizationServer
  readonly clientId: string
  readonly proof: ClientProof
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** RFC 8707. */
  readonly resource: readonly string[]
  /** RFC 8693 §3, of the caller's token; undefined for client credentials. */
  readonly subjectTokenType: string | undefined
  /** Who acts for the subject, where the client's own proof does not say it (RFC 8693 §2.1). */
  readonly actor: { readonly token: SecretText; readonly tokenType: string } | undefined
}

/** Known by its issuer, whose metadata (RFC 8414) say the rest, or by the endpoint itself. */
export type AuthorizationServer =
  | { readonly issuer: string; readonly tokenEndpoint: undefined }
  | { readonly issuer: undefined; readonly tokenEndpoint: string }

export type SecretMethod = "client_secret_basic" | "client_secret_post"

export type ClientProof =
  | {
      readonly kind: "secret"
      readonly secret: SecretText
      /** Undefined: what the metadata offer, else basic. */
      readonly method: SecretMethod | undefined
    }
  | {
      readonly kind: "key"
      /** A private key as PEM or JWK. */
      readonly key: SecretText
      readonly keyId: string | undefined
      /** Undefined: what the key is for. */
      readonly algorithm: string | undefined
      /** The assertion's `aud`; undefined: the token endpoint. */
      readonly audience: string | undefined
    }
