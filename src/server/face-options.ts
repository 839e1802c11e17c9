import { isIP } from "node:net"
import type { FaceOptions } from "../mcp/face/face.ts"
import type { Config } from "./config/config.ts"
import { faceLimitsOf } from "./limit-sets.ts"
import type { Parts, StartOptions } from "./parts.ts"
import { sessionKeys } from "./session-keys.ts"
import { clientCertificates } from "./tls/client-certificates.ts"

const loopback = ["localhost", "127.0.0.1", "[::1]"]

/** What the MCP face is told of the configuration. */
export function faceOptions(
  config: Config,
  { log, tls, version }: Pick<StartOptions, "log" | "version"> & Pick<Parts, "tls">,
): FaceOptions {
  const { listen, identity, instructions, limits, explainRefusals } = config
  const { publicUrl } = listen
  const issuers = identity.jwt.map(({ issuer }) => issuer)
  return {
    path: listen.path,
    hosts: allowedHosts(config),
    origins: listen.origins,
    sessionKeys: sessionKeys(config.sessionKeys),
    serverInfo: { name: "postern", title: "Postern", version },
    explainRefusals,
    limits: faceLimitsOf(limits),
    log: ({ event, ...fields }) => log.info({ event, ...fields }),
    ...(tls && { replicaHost: () => tls.host }),
    ...(listen.tls?.clients && { certificateOf: clientCertificates() }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(instructions !== undefined && { instructions }),
    ...(issuers.length > 0 && { resourceMetadata: { authorizationServers: issuers } }),
  }
}

/**
 * Which `Host` is ours: where we listen, loopback's names when that is where we are, the public address, and what the
 * configuration adds. A wildcard address is no name, so behind one only the added names and the public one count.
 */
function allowedHosts({ listen, replicaUrl }: Config): string[] {
  const { host, hosts, publicUrl } = listen
  const isWildcard = host === "0.0.0.0" || host === "::"
  const own = isWildcard ? loopback : [isIP(host) === 6 ? `[${host}]` : host]
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.")
  const named = [publicUrl, replicaUrl].flatMap((url) =>
    url === undefined ? [] : new URL(url).host,
  )
  return [...own, ...(isLoopback ? loopback : []), ...named, ...hosts]
}
