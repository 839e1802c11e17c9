import { noteRecord } from "../audit/records.ts"
import type { Parts } from "../parts.ts"
import { randomId } from "../random-id.ts"
import { RunDesk } from "./desk.ts"

/** The desk of a gateway that runs: what is driven here comes to rest first, and goes on at once. */
export function gatewayDesk({ audit, compositions, config, gateway, metrics }: Parts): RunDesk {
  const { durable, journal, keeper } = compositions
  return new RunDesk({
    journal: () => (journal.exists ? journal.open() : undefined),
    schemas: gateway.schemas,
    outputSchemaOf: ({ name, version }) =>
      gateway.catalog().tool(name, version)?.shown.outputSchema,
    clock: durable.clock,
    owner: () => `operator ${compositions.runId()}`,
    driver: durable.ownership().owner,
    apart: (id, use) => durable.resting(id, config.limits.shutdownTimeout, use),
    goOn: (id) => keeper.goOn(id),
    account: (what) => audit.write(noteRecord("run", what, { id: randomId(), timeMs: Date.now() })),
    // It has no drive that ends it.
    onAbandoned: () => metrics.countDurable("abandoned"),
  })
}
