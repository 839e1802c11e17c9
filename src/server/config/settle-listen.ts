import type { Secret } from "../secret.ts"
import type { Config, ListenTls } from "./config.ts"
import type { ConfigFile } from "./schema.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** The secret that stands at `path`, with its file where it has one. */
  secret(path: Path, value: string): Secret
  /** A path as it is meant: from the folder of the configuration. */
  inFolder(path: string): string
}

type Written = ConfigFile["listen"]

export const settleListen = (listen: Written, around: Surroundings): Config["listen"] => ({
  ...listen,
  publicUrl: listen.publicUrl,
  tls: listen.tls && settleTls(listen.tls, around),
})

function settleTls(
  { ca, cert, clientCert, key, minVersion }: NonNullable<Written["tls"]>,
  { inFolder, secret }: Surroundings,
): ListenTls {
  const areRequired = clientCert !== "request"
  return {
    cert: inFolder(cert),
    key: secret(["listen", "tls", "key"], key),
    clients: ca === undefined ? undefined : { ca: inFolder(ca), areRequired },
    minVersion,
  }
}
