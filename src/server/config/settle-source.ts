import type { Secret } from "../secret.ts"
import type { HttpRegistryConfig, RegistryAuth, RegistryConfig } from "./config.ts"
import { isProtected } from "./scalars.ts"
import type { ConfigFile } from "./schema.ts"
import { settleAuthorization } from "./settle-auth.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** The secret that stands at `path`, with its file where it has one. */
  secret(path: Path, value: string): Secret
  wrong(path: Path, message: string): void
  /** A path as it is meant: from the folder of the configuration. */
  inFolder(path: string): string
}

type Written = ConfigFile["registry"]

/** Where the registry document comes from, and how it is had. */
export function settleSource(written: Written, around: Surroundings): RegistryConfig {
  const { cache, source } = written
  if (source.kind === "file") return { kind: "file", file: around.inFolder(source.path) }
  const { url } = source
  if (!written.insecure && !isProtected(url))
    around.wrong(
      ["registry", "source"],
      "expected an https address; http only on this machine, or with registry.insecure",
    )
  return {
    kind: "http",
    url,
    refreshMs: written.refreshInterval,
    cache: cache === undefined ? undefined : around.inFolder(cache),
    waitMs: written.wait,
    maxStaleMs: written.maxStale,
    events: written.events === "auto",
    acceptOlder: written.older === "accept",
    auth: settleAuth(written.auth, around),
    tls: settleTls(written.tls, around),
    signature: settleSignature(written.signature, url, around),
  }
}

function settleAuth(auth: Written["auth"], around: Surroundings): RegistryAuth | undefined {
  const at = ["registry", "auth"]
  if (auth?.bearer !== undefined)
    return { kind: "bearer", token: around.secret([...at, "bearer"], auth.bearer) }
  if (auth?.basic !== undefined) {
    const { password, user } = auth.basic
    const secret = around.secret([...at, "basic", "password"], password)
    return { kind: "basic", user, password: secret }
  }
  const { clientCredentials } = auth ?? {}
  const authorization = clientCredentials && settleAuthorization({ clientCredentials }, at, around)
  return authorization && { kind: "clientCredentials", authorization }
}

function settleTls(
  tls: Written["tls"] = {},
  { inFolder, wrong }: Surroundings,
): HttpRegistryConfig["tls"] {
  const { ca, cert, key } = tls
  if ((cert === undefined) !== (key === undefined))
    wrong(["registry", "tls"], "a certificate needs its key, and a key its certificate")
  return {
    ca: ca === undefined ? undefined : inFolder(ca),
    client:
      cert === undefined || key === undefined
        ? undefined
        : { cert: inFolder(cert), key: inFolder(key) },
  }
}

function settleSignature(
  signature: Written["signature"],
  url: string,
  { inFolder, wrong }: Surroundings,
): HttpRegistryConfig["signature"] {
  if (signature === undefined) return
  const { algorithms, header, keys, path } = signature
  const at = new URL(url)
  if (path === undefined) at.pathname += ".jws"
  const place = path === undefined ? at : URL.parse(path, url)
  if (place?.origin !== at.origin)
    wrong(["registry", "signature", "path"], "expected a place of the same origin as the document")
  return { keys: inFolder(keys), algorithms, url: (place ?? at).href, header: header.toLowerCase() }
}
