import type { CatalogAgent, CatalogServer } from "../registry/catalog.ts"
import { written } from "../registry/model.ts"
import type { Allowance } from "./allowance.ts"

/** What configuration says of a server beside where it lives. */
export interface ServerRule {
  readonly resources: Allowance
  readonly prompts: Allowance
  /** Whether the server's own tools are carried, too; undefined: only those that are registered. */
  readonly expose: Exposure | undefined
  /** Methods that MCP does not know and this server does. */
  readonly methods: readonly string[]
  /** Extensions of MCP that callers are told of when this server has them. */
  readonly extensions: readonly string[]
}

/** A server whose unregistered tools are carried to some callers. */
export interface Exposure {
  /** Stands before the names of its tools, with `__` between; undefined: their names are as they are. */
  readonly prefix: string | undefined
  /** Agents, as `name` or `name@version`; `*` is everybody who is let in. */
  readonly to: readonly string[]
}

/** The rules that go with one catalog. */
export interface ServerRules {
  of(server: CatalogServer): ServerRule
  /** The servers with an exposure, registered or not, in the order of the configuration. */
  readonly exposed: readonly CatalogServer[]
  /** Methods beyond MCP that some server takes. */
  readonly methods: ReadonlySet<string>
}

/** What holds for a server that configuration says nothing special of. */
export const plainRule: ServerRule = {
  resources: "all",
  prompts: "all",
  expose: undefined,
  methods: [],
  extensions: [],
}

export const plainRules: ServerRules = {
  of: () => plainRule,
  exposed: [],
  methods: new Set(),
}

/** `agent` is undefined for a caller that nobody registered. */
export const isExposedTo = ({ to }: Exposure, agent: CatalogAgent | undefined): boolean =>
  to.includes("*") ||
  (agent !== undefined && (to.includes(agent.name) || to.includes(written(agent.entity))))
