import { refOf } from "../call/audit.ts"
import { isExposedTo, type ServerRules } from "../call/server-rules.ts"
import type { CatalogAgent } from "../registry/catalog.ts"
import { type Ref, written } from "../registry/model.ts"

/** A server whose own tools configuration carries to an agent, though nobody registered them. */
export interface Exposed {
  readonly server: Ref
  readonly prefix?: string
}

/** Which tools these are, only their servers know. */
export const exposedTo = (agent: CatalogAgent, rules: ServerRules): readonly Exposed[] =>
  rules.exposed.flatMap((server) => {
    const { expose } = rules.of(server)
    if (expose === undefined || !isExposedTo(expose, agent)) return []
    const { prefix } = expose
    return [{ server: refOf(server), ...(prefix !== undefined && { prefix }) }]
  })

export const exposedWords = (agent: CatalogAgent, exposed: readonly Exposed[]): string[] =>
  exposed.map(({ server, prefix }) => {
    const names = prefix === undefined ? "under their own names" : `as ${prefix}__…`
    const who = written(refOf(agent))
    return `+ ${written(server)} — its tools that nobody registered are exposed to ${who}, ${names}`
  })
