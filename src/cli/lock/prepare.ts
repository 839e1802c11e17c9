import { refKey } from "../../registry/model.ts"
import type { Lock } from "../../registry/pins/lock.ts"
import type { Wanted } from "../../registry/pins/wanted.ts"
import type { Config } from "../../server/config/config.ts"
import { type Given, type Io, type Option, UsageError } from "../command.ts"
import { configOption, readConfig } from "../config-file.ts"
import { counted } from "../counted.ts"
import { printableLine } from "../printable.ts"
import { parseRef } from "../ref.ts"
import { configuredRegistry } from "../sound-registry.ts"
import { StopSignals } from "../stop-signals.ts"
import { lockOfConfig } from "./lock-file.ts"
import { nameOf, type Surveyed, survey, wantedServers } from "./survey.ts"

export const surveyOptions: Readonly<Record<string, Option>> = {
  config: configOption,
  timeout: {
    type: "string",
    value: "SECONDS",
    summary: "for one server: to start, connect and list its tools (default 30)",
  },
}

const timeoutMaxS = 3_600

/** What servers say beside what is pinned. */
export interface Prepared {
  readonly config: Config
  readonly lock: Lock
  readonly surveyed: readonly Surveyed[]
  /** All servers of which something can be pinned. */
  readonly wanted: readonly Wanted[]
}

/** Reads configuration, registry and lock and looks at servers; undefined when it could not, and that was printed. */
export async function prepare(
  given: Given,
  io: Io,
  names: readonly string[],
): Promise<Prepared | undefined> {
  const timeoutS = Number(given.text("timeout") ?? 30)
  if (!(timeoutS > 0 && timeoutS <= timeoutMaxS))
    throw new UsageError(`--timeout: seconds, more than 0 and at most ${timeoutMaxS}`)
  const config = readConfig(given, io)?.config
  const sound = config && (await configuredRegistry(config, io))
  const lock = config && lockOfConfig(config, io)
  if (config === undefined || sound === undefined || lock === undefined) return
  const { addresses, wanted } = wantedServers(config, sound.catalog)
  const chosen = names.length === 0 ? wanted : names.map((name) => chosenServer(name, wanted))
  using signals = new StopSignals()
  const stop = new AbortController()
  void signals.stopped.then(() => stop.abort())
  const surveyed = await survey(chosen, {
    config,
    addresses,
    lock,
    timeoutMs: timeoutS * 1_000,
    signal: stop.signal,
    progress: (one) => io.err.write(`${progressLine(one)}\n`),
  })
  if (!stop.signal.aborted) return { config, lock, surveyed, wanted }
  io.err.write("interrupted; nothing was written\n")
  return
}

function chosenServer(text: string, wanted: readonly Wanted[]): Wanted {
  const { name, version } = parseRef(text)
  const named = wanted.filter(({ server }) => server.name === name)
  const matching =
    version === undefined ? named : named.filter(({ server }) => server.version === version)
  const [only, ...others] = matching
  if (only !== undefined && others.length === 0) return only
  const all = (matching.length > 0 ? matching : wanted).map(nameOf).join(", ")
  throw new UsageError(
    matching.length > 0 ? `${text}: which of ${all}?` : `there is no server ${text}; one of ${all}`,
  )
}

function progressLine(one: Surveyed): string {
  const name = nameOf(one.wanted)
  if (one.ok) return `${name}: ${counted(one.listed.length)}`
  return [`${name}: not looked at: ${one.reason}`, ...one.lastWords].map(printableLine).join("\n  ")
}

export const keyOf = ({ server }: Pick<Wanted, "server">) => refKey(server.name, server.version)
