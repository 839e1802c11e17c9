import type { CatalogServer, CatalogTool } from "../catalog.ts"
import type { Draft } from "../draft.ts"
import type { ServerEntity } from "../model.ts"
import type { Links } from "../resolve/links.ts"
import type { Bundles } from "../schemas/bundle.ts"
import { bundled } from "./bundled.ts"
import { RegisteredTool } from "./catalog-tool.ts"

/** By {@link directKey}. */
export type DirectTools = ReadonlyMap<string, CatalogTool>

export const directKey = (server: string, version: string | undefined, tool: string): string =>
  JSON.stringify([server, version ?? null, tool])

/**
 * The tools of servers that compositions call past the registry: sources without a name of their own, held to the
 * contract of the server where one is written.
 */
export function* directTools(
  { compositions }: Draft,
  { calls }: Links,
  servers: ReadonlyMap<ServerEntity, CatalogServer>,
  bundles: Bundles,
): Generator<void, DirectTools, void> {
  const tools = new Map<string, CatalogTool>()
  for (const composition of compositions.values()) {
    for (const call of composition.calls) {
      const { server: entity, provision } = calls.get(call)?.source ?? {}
      const server = entity && servers.get(entity)
      if (call.kind !== "direct" || server === undefined) continue
      const key = directKey(server.name, server.version ?? call.serverVersion, call.name)
      const contract = () => bundled(provision?.inputSchema, bundles)
      const tool = new RegisteredTool({
        entity: {
          name: call.name,
          source: { server: server.name, tool: call.name, extra: {} },
          extra: {},
        },
        implementation: {
          kind: "source",
          server,
          choice: undefined,
          tool: call.name,
          defaults: {},
          perCaller: new Map(),
          hidden: new Set(),
          inputSchema: contract(),
        },
        unavailable: undefined,
        inputSchema: contract,
        outputSchema: () => bundled(provision?.outputSchema, bundles),
        provision,
        annotations: provision?.annotations,
      })
      tools.set(key, tool)
    }
    yield
  }
  return tools
}
