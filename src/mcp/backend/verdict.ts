import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { type Era, firstModern } from "../revisions.ts"
import { type Failure, protocolFailure } from "./failure.ts"
import type { Outcome } from "./outgoing.ts"
import { isLegacyVersion } from "./wire.ts"

export type Verdict =
  | {
      readonly ok: true
      readonly era: Era
      /** The capabilities that the server declared with it; undefined where it declared none. */
      readonly capabilities: JsonObject | undefined
      /** The whole of its answer; undefined where it was not asked, or answered with an error. */
      readonly greeting: JsonObject | undefined
    }
  | { readonly ok: false; readonly failure: Failure }

/** Codes that only a server of the modern era answers with. */
export const modernCodes: readonly number[] = [-32020, -32021, -32022]

/**
 * What an answer to `server/discover` says about a server. An outage, or credentials that are not accepted, say nothing:
 * a verdict drawn from them would outlive them.
 */
export function verdictOf(outcome: Outcome): Verdict {
  if (outcome.kind === "result") {
    const { supportedVersions: versions, capabilities } = outcome.result
    if (!Array.isArray(versions)) return legacy
    if (!versions.includes(firstModern)) return notServed(versions)
    return { ...modern, capabilities: objectOr(capabilities), greeting: outcome.result }
  }
  if (outcome.kind === "error") return byCode(outcome.error.code, outcome.error.data)
  const { failure } = outcome
  if (failure.rpcCode !== undefined && modernCodes.includes(failure.rpcCode)) return modern
  return saysNothing(failure) ? { ok: false, failure } : legacy
}

const unasked = { ok: true, capabilities: undefined, greeting: undefined } as const
export const modern = { ...unasked, era: "modern" } as const
export const legacy = { ...unasked, era: "legacy" } as const

const objectOr = (value: Json | undefined) => (isObject(value) ? value : undefined)

function byCode(code: number, data: unknown): Verdict {
  if (!modernCodes.includes(code)) return legacy
  const supported = isObject(data) ? data["supported"] : undefined
  if (code !== -32022 || !Array.isArray(supported)) return modern
  return supported.includes(firstModern) ? modern : notServed(supported)
}

const notServed = (versions: readonly unknown[]): Verdict => ({
  ok: false,
  failure: protocolFailure(
    `the server speaks ${versions.slice(0, 8).map(String).join(", ")}; of those after 2025-11-25, Postern speaks ${firstModern}`,
  ),
})

function saysNothing({ kind, status }: Failure): boolean {
  if (kind !== "http_status") return kind !== "protocol"
  return status === undefined || status >= 500 || status === 408 || status === 429
}

export type Greeting =
  | {
      readonly ok: true
      readonly version: string
      readonly capabilities: JsonObject | undefined
      readonly greeting: JsonObject
    }
  | { readonly ok: false; readonly failure: Failure }

/** What an answer to `initialize` says: the version to speak, if it is one that we speak. */
export function readInitialize(outcome: Outcome): Greeting {
  if (outcome.kind === "failure") return { ok: false, failure: outcome.failure }
  if (outcome.kind === "error") {
    const { code, message } = outcome.error
    return { ok: false, failure: protocolFailure(`initialize was refused: ${code} ${message}`) }
  }
  const { protocolVersion: version, capabilities } = outcome.result
  if (isLegacyVersion(version))
    return {
      ok: true,
      version,
      capabilities: objectOr(capabilities),
      greeting: outcome.result,
    }
  const written = String(JSON.stringify(version)).slice(0, 64)
  return {
    ok: false,
    failure: protocolFailure(`initialize was answered with version ${written}`),
  }
}
