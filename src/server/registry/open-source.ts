import { fileSource } from "../../store/file-source.ts"
import { GoodCopy } from "../../store/http/copy.ts"
import { HttpSource, type SourceEvent } from "../../store/http/http-source.ts"
import { isProgram } from "../../store/program/is-program.ts"
import { programSource } from "../../store/program/program-source.ts"
import type { DocumentSource } from "../../store/source.ts"
import type { Config, HttpRegistryConfig } from "../config/config.ts"
import { httpLimitsOf, programLimitsOf } from "../limit-sets.ts"
import type { Limits } from "../limits.ts"
import type { Logger } from "../log.ts"
import { proofOf } from "./proof.ts"
import { signatureCheck } from "./signature.ts"

/** Where the configured registry document comes from. */
export function openSource(
  { limits, registry: { source } }: Pick<Config, "limits" | "registry">,
  tell: (event: SourceEvent) => void,
): DocumentSource {
  if (source.kind === "http") return httpSource(source, limits, tell)
  const { file } = source
  return isProgram(file)
    ? programSource(file, programLimitsOf(limits))
    : fileSource(file, { bytesMax: limits.registryBytes })
}

export function httpSource(
  source: HttpRegistryConfig,
  limits: Limits,
  tell: (event: SourceEvent) => void,
): HttpSource {
  const { acceptOlder, auth, cache, events, refreshMs, signature, tls, url } = source
  return new HttpSource({
    url,
    tls,
    refreshMs,
    events,
    acceptOlder,
    tell,
    limits: httpLimitsOf(limits),
    copy: cache === undefined ? undefined : new GoodCopy(cache, url, limits.registryBytes),
    proof: auth && proofOf(auth, limits),
    signature: signature && signatureCheck(signature),
  })
}

/** What a source tells of itself, for the log. */
export const logSource =
  (log: Logger) =>
  ({ kind, ...fields }: SourceEvent): void => {
    const level = kind === "back" || kind === "copy_used" ? "info" : "warn"
    log[level]({ event: `registry_${kind}`, ...fields })
  }
