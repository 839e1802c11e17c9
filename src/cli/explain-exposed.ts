import { isExposedTo, type ServerRules } from "../call/server-rules.ts"
import type { AgentLookup } from "../registry/explain.ts"
import { type Ref, refOf, written } from "../registry/model.ts"

/** A server whose own tools configuration carries to an agent, though nobody registered them. */
export interface Exposed {
  readonly server: Ref
  readonly prefix?: string
}

/** Which tools these are, only their servers know. */
export function exposedTo(lookup: AgentLookup, rules: ServerRules): readonly Exposed[] {
  if (!lookup.found) return []
  return rules.exposed.flatMap((server) => {
    const { expose } = rules.of(server)
    if (expose === undefined || !isExposedTo(expose, lookup.agent)) return []
    const { prefix } = expose
    return [{ server: refOf(server), ...(prefix !== undefined && { prefix }) }]
  })
}

export const exposedWords = (exposed: readonly Exposed[]): string[] =>
  exposed.map(({ server, prefix }) => {
    const names = prefix === undefined ? "under their own names" : `as ${prefix}__…`
    return `+ ${written(server)} — its tools that nobody registered are exposed to it, ${names}`
  })
