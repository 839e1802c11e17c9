import { effectOf, isRepeatable } from "../compose/plan/effect.ts"
import type { CatalogServer, CatalogTool, ServerTool } from "../registry/catalog.ts"
import { written } from "../registry/model.ts"
import type { BackendReply } from "./backends.ts"
import type { Way } from "./call.ts"
import { warn } from "./facts.ts"
import type { Fate } from "./fate.ts"
import type { Refusal } from "./refusal.ts"

/** What a tool answered, and which server that was; undefined for a composition. */
export interface Executed {
  readonly answer: BackendReply
  readonly server: CatalogServer | undefined
}

/**
 * Asks the first server, and then the next as long as nothing was carried out, or doing it twice does no harm. The
 * audit names each server that failed.
 */
export async function askInTurn(
  [first, ...others]: readonly ServerTool[],
  tool: CatalogTool,
  { facts, request }: Way,
  ask: (server: ServerTool) => Promise<BackendReply>,
): Promise<Executed> {
  if (first === undefined) throw new Error("a call that was checked has a server")
  let { server } = first
  facts.server = server
  let answer = await ask(first)
  for (const next of others) {
    if (answer.kind !== "refusal" || request.cancellation?.isCancelled) break
    if (!mayTryNext(answer.refusal, tool)) break
    warn(facts, [`failed_over: ${written(server)} ${answer.refusal.code}`])
    server = next.server
    facts.server = server
    answer = await ask(next)
  }
  return { answer, server }
}

/** What was not carried out may be tried elsewhere, whatever the tool does. */
const untouched: ReadonlySet<Fate> = new Set<Fate>(["unsent", "busy", "rejected"])
/** What may have been carried out, only if doing it twice does no harm. */
const doubtful: ReadonlySet<Fate> = new Set<Fate>(["lost", "late", "failing", "malformed"])

/** An answer, be it an error, is never asked for twice. */
function mayTryNext(refusal: Refusal, tool: CatalogTool): boolean {
  if (refusal.code === "cancelled") return false
  const fate = "fate" in refusal ? refusal.fate : undefined
  if (fate === undefined) return false
  return untouched.has(fate) || (doubtful.has(fate) && isRepeatableTool(tool))
}

/** To say how a tool takes idempotency keys is to say that it honours them. */
export const isRepeatableTool = ({ entity, shown }: CatalogTool): boolean =>
  entity.source?.idempotency !== undefined || isRepeatable(effectOf(shown.annotations))
