import { nowMs } from "../clock.ts"
import type { Config } from "../config/config.ts"
import type { Parts, StartOptions } from "../parts.ts"
import { randomId } from "../random-id.ts"
import { StartError } from "../start-error.ts"
import { peersOf } from "./peers.ts"
import { telemetrySettings } from "./settings.ts"
import type { Telemetry } from "./telemetry.ts"

/** Undefined where nothing is to be sent: then the code that sends is not even loaded. */
export async function configuredTelemetry(
  config: Config,
  { env, log, version }: StartOptions,
  parts: () => Parts,
): Promise<Telemetry | undefined> {
  const settings = telemetrySettings(config, {
    env,
    version,
    instance: randomId(),
    wrong: (words) => log.warn({ event: "telemetry_variable", reason: words }),
  })
  if (settings === undefined) return
  const { openTelemetry } = await import("./telemetry.ts")
  try {
    return openTelemetry({
      settings,
      version,
      log,
      now: nowMs,
      retryMs: config.limits.telemetryRetry,
      flushMs: config.limits.telemetryFlush,
      peers: peersOf(() => parts().current.routes),
      metrics: () => parts().metrics.read(parts()),
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`telemetry cannot be sent: ${reason}`, { cause: error })
  }
}
