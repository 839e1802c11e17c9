import { loadPlanned } from "../../compose/load.ts"
import { HttpSource } from "../../store/http/http-source.ts"
import type { Config } from "../config/config.ts"
import { callerClaims } from "../identity-of.ts"
import { loadLimitsOf, planLimitsOf } from "../limit-sets.ts"
import type { StartOptions } from "../parts.ts"
import { Registry, type ReloadOptions, type Waiting } from "../reload.ts"
import { logSource, openSource } from "./open-source.ts"

/** Told what becomes of documents. */
export type Outcomes = Pick<ReloadOptions, "onAccepted" | "onBug" | "onRecovered" | "onRefused">

export interface OpenRegistry {
  readonly registry: Registry
  /** Undefined for a file. */
  readonly remote: HttpSource | undefined
}

/** The registry of a gateway; nothing has been read yet. */
export function openRegistry(
  config: Config,
  { env, log }: StartOptions,
  outcomes: Outcomes,
): OpenRegistry {
  const { limits, registry } = config
  const claims = callerClaims(config)
  const source = openSource(config, logSource(log))
  const opened = new Registry({
    source,
    load: ({ text, provenance }) =>
      loadPlanned(text, {
        ...provenance,
        knobs: registry.knobs,
        limits: loadLimitsOf(limits),
        plans: planLimitsOf(limits),
        env: (name) => env[name],
        claims,
      }),
    sliceMs: limits.registrySlice,
    now: Date.now,
    ...outcomes,
  })
  return { registry: opened, remote: source instanceof HttpSource ? source : undefined }
}

/** How long a start waits for a source that is away. */
export const waitingOf = (
  { registry: { source } }: Config,
  signal: AbortSignal | undefined,
): Waiting => ({ waitMs: source.kind === "http" ? source.waitMs : 0, signal })
