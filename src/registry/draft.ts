import type { Composition, Dependency, RegistryDocument, ToolEntity } from "./model.ts"
import type { Origins } from "./origins.ts"

/** A document read and normalised, before its references are resolved: what every check looks at. */
export interface Draft {
  readonly document: RegistryDocument
  readonly origins: Origins
  /** What reading the tool's `spec` found. */
  readonly compositions: ReadonlyMap<ToolEntity, Composition>
  /** The document has a `servers` member, so an unknown server is an error and not implied. */
  readonly declaresServers: boolean
  /** Sources and calls that spelled their server `target`, which may imply one. */
  readonly spelledTarget: ReadonlySet<object>
  /** 2.0 as written or assumed; "1.0" for v1 documents, "newer" for 2.x: decides some severities. */
  readonly profile: "1" | "2" | "newer"
  /**
   * Elements of `agent.dependencies` that stand for several dependencies. The key is their place holder in the agent's
   * `depends`, whose origin is the element; resolving puts what they mean in its place.
   */
  readonly groups?: ReadonlyMap<Dependency, DependencyGroup>
}

export type DependencyGroup =
  /** `{agent: "n"}`: every declared skill of the agent that the place holder names. */
  | { readonly of: "agent" }
  /** `{server: {…}}`: the registered tools on that server; with `tools`, those whose own or backend name is listed. */
  | {
      readonly of: "server"
      readonly server: string
      readonly version?: string
      readonly tools: readonly string[]
    }

/** The knobs of `registry.validation.startup`. */
export interface Knobs {
  readonly missingEntity: Knob
  readonly deprecatedEntity: Knob
  readonly unusedSchema: Knob
}
export type Knob = "error" | "warn" | "ignore"

/** `postern validate` without a configuration. */
export const authoring: Knobs = {
  missingEntity: "error",
  deprecatedEntity: "warn",
  unusedSchema: "warn",
}
