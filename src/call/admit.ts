import type { Catalog } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"
import { unrecorded } from "./audit.ts"
import type { Caller } from "./caller.ts"
import { warn } from "./facts.ts"
import { tooManyHops } from "./hops.ts"
import type { Recorded } from "./recorded.ts"
import { type Result, refuse } from "./refusal.ts"

interface Admitting extends Omit<Recorded, "kind" | "id"> {
  readonly catalog: Catalog
  /** What a refusal names. */
  readonly subject: string
  /** The request's `_meta`. */
  readonly meta: JsonObject | undefined
}

/** The first steps of a request that is no call: can it be recorded, who makes it, and has it come too far already? */
export async function admit({
  gateway,
  request,
  catalog,
  facts,
  span,
  subject,
  meta,
}: Admitting): Promise<Result<Caller>> {
  if (gateway.canAudit?.() === false) return refuse(unrecorded) // nothing happens that cannot be recorded
  const identified = gateway.identify(request.evidence, catalog)
  const caller = identified instanceof Promise ? await identified : identified
  if (!caller.ok) return caller
  facts.caller = caller.value
  span?.identified(caller.value)
  warn(facts, caller.value.warnings)
  const circling = tooManyHops(subject, meta, gateway.hopsMax)
  return circling === undefined ? caller : refuse(circling)
}
