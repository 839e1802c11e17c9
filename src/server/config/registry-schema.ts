import { z } from "zod"
import { clientCredentials } from "./auth-schema.ts"
import { defaults } from "./defaults.ts"
import { documentAddress, duration, secret } from "./scalars.ts"

const text = z.string().min(1)
const second = 1_000
const day = 86_400_000

/** How the gateway proves itself to the source of the registry. */
const auth = z
  .strictObject({
    bearer: secret
      .regex(/^[A-Za-z0-9\-._~+/]+=*$/, { error: "holds a character that no bearer token has" })
      .optional()
      .describe("A bearer token; one in a file is read again each time."),
    basic: z
      .strictObject({
        user: z
          .string()
          .regex(/^[^:\p{Cc}]+$/u, { error: "expected a name without a colon" })
          .describe("The user."),
        password: secret.describe("The password; one in a file is read again each time."),
      })
      .optional()
      .describe("A user and a password (RFC 7617)."),
    clientCredentials: clientCredentials
      .optional()
      .describe("A token from an authorization server (OAuth 2.1)."),
  })
  .superRefine((entry, context) => {
    const [first, second] = Object.keys(entry)
    const wrong = (path: string[], message: string) =>
      context.addIssue({ code: "custom", path, message })
    if (first === undefined) wrong([], "expected bearer, basic or clientCredentials")
    else if (second !== undefined) wrong([second], `there is ${first} already; keep one of them`)
  })

const tls = z.strictObject({
  ca: text
    .optional()
    .describe("A file in PEM with the authorities to believe in place of the system's."),
  cert: text.optional().describe("A file in PEM with the certificate that the gateway shows."),
  key: text.optional().describe("The file in PEM with that certificate's private key."),
})

const signature = z.strictObject({
  keys: text.describe("A file with the public keys: a JSON Web Key Set, or one key in PEM."),
  algorithms: z
    .array(z.enum(["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256"]))
    .min(1)
    .default([...defaults.algorithms])
    .describe("Algorithms to accept."),
  path: text
    .optional()
    .describe(
      "Where the detached signature is, from the address of the document; otherwise that address with .jws after its path.",
    ),
  header: z
    .string()
    .regex(/^[\w-]+$/, { error: "expected the name of a header" })
    .default(defaults.signatureHeader)
    .describe("The header of the document's answer that may carry the signature instead."),
})

/** Where the document is, and what is needed to have it. */
export const registrySource = {
  source: documentAddress.describe(
    "The registry document, as file://./registry.json (relative to this file), a program that makes it, as file://./registry.ts, or an address, as https://registry.example/registry.json.",
  ),
  refreshInterval: duration({ min: second, max: day })
    .prefault(defaults.refreshInterval)
    .describe("How often the source is asked over HTTP; a file is watched."),
  cache: text
    .optional()
    .describe(
      "The file for the last good document that came over HTTP: for a start, and for the time, while the source is away.",
    ),
  wait: duration({ min: 0, max: day })
    .prefault(defaults.registryWait)
    .describe(
      "How long a start waits for a source that is away when there is no copy; /readyz is 503 meanwhile.",
    ),
  maxStale: duration({ min: second, max: 365 * day })
    .optional()
    .describe(
      "How long the document may be in use without the source confirming it, before /readyz is 503; otherwise for ever.",
    ),
  events: z
    .enum(["auto", "off"])
    .default(defaults.registryEvents)
    .describe("Whether to listen for changes where the source says that it tells of them."),
  older: z
    .enum(["refuse", "accept"])
    .default(defaults.registryOlder)
    .describe("What becomes of a document that was published before the one in use."),
  insecure: z
    .boolean()
    .default(false)
    .describe("Fetch the document without TLS from another machine."),
  auth: auth.optional().describe("What the gateway shows the source."),
  tls: tls.optional().describe("Certificates, where the system's are not enough."),
  signature: signature
    .optional()
    .describe("Use only documents with a detached signature (JWS) of one of these keys."),
} as const

/** Keys that mean something only where the source is an address. */
export const httpOnly = ["cache", "maxStale", "auth", "tls", "signature"] as const
