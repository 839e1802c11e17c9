import type { InsideLine, Way } from "../call.ts"
import type { Input } from "../check-input.ts"
import { execute } from "../execute.ts"
import type { Executed } from "../failover.ts"
import type { Permit } from "../permit.ts"
import { fromCache, keyOf } from "./cache.ts"
import { redact } from "./redact.ts"

/** What a tool answered, without what redactions take out of it. */
export interface Obtained extends Executed {
  /** For the audit. Absent: none. */
  readonly warnings?: readonly string[]
}

/** Executes the call, or gives what it came to before. What is kept is redacted: nothing that is taken out stays anywhere. */
export function obtain(
  permit: Permit,
  input: Input,
  way: Way,
  inside: InsideLine,
): Promise<Obtained> {
  const { results } = way.gateway
  const { redactions, cache } = results.about(permit.tool)
  const ask = () => execute(permit, input, way, inside)
  const obtained =
    redactions.length === 0
      ? ask
      : async () => {
          const executed = await ask()
          const { textCharsMax: charsMax } = results
          const told = redact(executed.answer, redactions, { tool: permit.tool.name, charsMax })
          return { ...executed, ...told }
        }
  const key = cache && keyOf(cache, permit, input, way)
  return key === undefined || cache === undefined
    ? obtained()
    : fromCache({ key, ttlMs: cache.ttlMs, servers: input.servers }, way, obtained)
}
