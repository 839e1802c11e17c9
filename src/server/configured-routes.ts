import type { Plan } from "../compose/plan/plan.ts"
import type { Catalog, CatalogTool } from "../registry/catalog.ts"
import type { Config } from "./config/config.ts"
import { idleRules } from "./idle-rules.ts"
import { planRoutes, type Routes } from "./routes.ts"

/** What a configuration and a sound document come to together: where servers live, and all that does not fit. */
export function configuredRoutes(
  config: Config,
  catalog: Catalog,
  plans: ReadonlyMap<CatalogTool, Plan>,
): Routes {
  const { registry, servers } = config
  const routes = planRoutes({ catalog, servers, levels: registry.levels, plans })
  return { ...routes, problems: [...routes.problems, ...idleRules(config, catalog)] }
}
