import type { Catalog, CatalogServer } from "../../registry/catalog.ts"
import { isObject, type JsonObject, member } from "../../schema/json.ts"
import type { Backends } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Gateway } from "../gateway.ts"
import { type Reach, reachOf } from "../permit.ts"

/** What servers declare among their capabilities, and callers are told of. */
export type Offer = "resources" | "prompts" | "completions" | "logging"

/**
 * Whether a server has, or could have, what an offer stands for: what it declared when it was last connected; before,
 * what the registry's `metadata.capabilities` denies; otherwise it could, and is asked when a caller wants it.
 */
function couldOffer(
  server: CatalogServer,
  offer: Offer,
  backends: Pick<Backends, "capabilities">,
): boolean {
  const declared = backends.capabilities(server)
  if (declared !== undefined) return isObject(member(declared, offer))
  const said = server.entity.metadata?.["capabilities"]
  return !isObject(said) || member(said, offer) !== false
}

/** The servers whose resources, or prompts, this caller may have some of. */
export function reachFor(
  offer: "resources" | "prompts",
  reach: readonly Reach[],
  backends: Pick<Backends, "capabilities">,
): readonly Reach[] {
  return reach.filter(
    ({ server, rule }) => rule[offer] !== "none" && couldOffer(server, offer, backends),
  )
}

/** The capabilities that this caller's servers, as far as it may use them, have or could have. Asks nobody. */
export function capabilitiesFor(catalog: Catalog, caller: Caller, gateway: Gateway): JsonObject {
  const { backends, levels } = gateway
  const reach = reachOf(catalog, caller, levels, gateway.rules(catalog))
  const content = (["resources", "prompts"] as const).filter(
    (offer) => reachFor(offer, reach, backends).length > 0,
  )
  const completes = content.some((offer) =>
    reachFor(offer, reach, backends).some(({ server }) =>
      couldOffer(server, "completions", backends),
    ),
  )
  const logs = reach.some(({ server }) => couldOffer(server, "logging", backends))
  const extensions = extensionsOf(reach, backends)
  return {
    tools: { listChanged: true },
    ...(logs && { logging: {} }),
    ...Object.fromEntries(content.map((offer) => [offer, tells[offer]])),
    ...(completes && { completions: {} }),
    ...(Object.keys(extensions).length > 0 && { extensions }),
  }
}

/** The gateway tells of changes itself, whatever its servers can: of a reload, at least. */
const tells = {
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
} as const

/** Extensions that configuration lets through, as their server declares them; of two servers the first has the word. */
function extensionsOf(
  reach: readonly Reach[],
  backends: Pick<Backends, "capabilities">,
): JsonObject {
  const found = reach.flatMap(({ server, rule }) => {
    const declared = backends.capabilities(server)
    const theirs = declared && member(declared, "extensions")
    return rule.extensions.flatMap((name) => {
      if (declared === undefined) return [[name, {}] as const]
      const value = isObject(theirs) ? member(theirs, name) : undefined
      return value === undefined ? [] : [[name, value] as const]
    })
  })
  return Object.fromEntries(found.reverse())
}
