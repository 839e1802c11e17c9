import type { Config } from "../config/config.ts"
import type { Logger } from "../log.ts"
import { StartError } from "../start-error.ts"
import type { TlsServing } from "./tls-serving.ts"

/**
 * What `listen.tls` says, read; undefined where it says nothing. Rejects with a StartError for files that cannot be
 * used.
 */
export async function configuredTls(
  { listen: { tls } }: Config,
  log: Logger,
): Promise<TlsServing | undefined> {
  if (tls === undefined) return
  const serving = await import("./tls-serving.ts") // most gateways stand behind a proxy that ends TLS
  try {
    return new serving.TlsServing(tls, { log, now: Date.now })
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
