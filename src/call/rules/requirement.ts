import { isList, type Json, member } from "../../schema/json.ts"
import { atLeast, type Caller } from "../caller.ts"
import type { Requirement, Scalar } from "./rule.ts"

/** What of a requirement a caller does not prove. */
export interface Lack {
  /** In words, such as `trust verified (it has asserted)`. */
  readonly words: string
  /** A token with these scopes beside its own would be enough; empty where something else is lacking, too. */
  readonly scopes: readonly string[]
}

/** Undefined where nothing is lacking. */
export function lackOf({ trust, scopes, claims }: Requirement, caller: Caller): Lack | undefined {
  const isTrusted = trust === undefined || atLeast(caller.trust, trust)
  const unclaimed = [...claims].filter(([name, values]) => !claimsOne(caller, name, values))
  const missing = scopes.filter((scope) => !caller.scopes.includes(scope))
  if (isTrusted && unclaimed.length === 0 && missing.length === 0) return
  const words = [
    isTrusted ? [] : `trust ${trust} (it has ${caller.trust})`,
    unclaimed.map(([name, values]) => `claim ${name} to be ${values.join(" or ")}`),
    missing.length === 0 ? [] : `scopes ${missing.join(" ")}`,
  ].flat()
  return { words: words.join(", "), scopes: isTrusted && unclaimed.length === 0 ? missing : [] }
}

/** A claim that is a list must hold one of the values. */
function claimsOne({ claims }: Caller, name: string, values: readonly Scalar[]): boolean {
  const claim = member(claims, name)
  const held: readonly Json[] = isList(claim) ? claim : claim === undefined ? [] : [claim]
  return held.some((one) => values.some((value) => value === one))
}
