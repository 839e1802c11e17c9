import type { InsideLine, Way } from "../call.ts"
import type { Input } from "../check-input.ts"
import { execute } from "../execute.ts"
import type { Executed } from "../failover.ts"
import type { Permit } from "../permit.ts"
import { fromCache, keyOf } from "./cache.ts"
import { redact } from "./redact.ts"
import { withinSize } from "./size.ts"

/** What a tool answered, without what redactions take out of it. */
export interface Obtained extends Executed {
  /** For the audit. Absent: none. */
  readonly warnings?: readonly string[]
}

/**
 * Executes the call, or answers with what it came to before. Only redacted results are kept, so that nothing that is
 * taken out stays anywhere.
 */
export function obtain(
  permit: Permit,
  input: Input,
  way: Way,
  inside: InsideLine,
): Promise<Obtained> {
  const { results } = way.gateway
  const { redactions, cache, bytesMax } = results.about(permit.tool)
  const ask = () => execute(permit, input, way, inside)
  const obtained =
    redactions.length === 0 && bytesMax === undefined
      ? ask
      : async () => {
          const executed = await ask()
          const { name: tool } = permit.tool
          const answer = withinSize(executed.answer, tool, bytesMax)
          const told = redact(answer, redactions, { tool, charsMax: results.textCharsMax })
          return { ...executed, ...told }
        }
  const key = cache && keyOf(cache, permit, input, way)
  return key === undefined || cache === undefined
    ? obtained()
    : fromCache({ key, ttlMs: cache.ttlMs, servers: input.servers }, way, obtained)
}
