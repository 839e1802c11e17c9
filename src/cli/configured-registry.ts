import { loadPlanned, type Planned } from "../compose/load.ts"
import { toEnd } from "../registry/load.ts"
import type { Problem } from "../registry/problem.ts"
import type { Config } from "../server/config/config.ts"
import { callerClaims } from "../server/identity-of.ts"
import { loadLimitsOf, planLimitsOf, programLimitsOf } from "../server/limit-sets.ts"
import type { Io } from "./command.ts"
import { fetchRegistry } from "./registry-fetch.ts"
import { readRegistry } from "./registry-file.ts"

/** A document that was judged, or why there is none. */
export type Judged =
  | { readonly ok: true; readonly planned: Planned }
  | { readonly ok: false; readonly problem: Problem }

/** The document that a gateway with this configuration would serve, judged as it would. */
export async function judgeConfigured(config: Config, io: Io): Promise<Judged> {
  const { limits, registry } = config
  const { knobs, source } = registry
  const read =
    source.kind === "http"
      ? await fetchRegistry(source, limits, io)
      : await readRegistry(source.file, programLimitsOf(limits))
  if (!read.ok) return read
  const options = {
    ...read.provenance,
    knobs,
    limits: loadLimitsOf(limits),
    plans: planLimitsOf(limits),
    env: (name: string) => io.env[name],
    claims: callerClaims(config),
  }
  return { ok: true, planned: toEnd(loadPlanned(read.text, options)) }
}
