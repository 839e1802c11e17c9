import type { JsonObject, JsonSchema } from "../registry/model.ts"
import { type About, type Definition, defines, named } from "./definition.ts"
import type { Exact } from "./exact.ts"
import { type Callable, callsWith, dependsJson, derivedDepends } from "./operation.ts"
import { input, type PathOf } from "./path.ts"
import type { Source } from "./server.ts"
import { madeBy } from "./site.ts"
import { type Spec, specJson } from "./spec.ts"
import type { Transform } from "./spelled.ts"

/** A tool of the registry, under the name that agents see. Compositions call it, agents depend on it. */
export interface Tool<I = unknown, O = unknown> extends Callable<I, O> {
  readonly kind: "tool"
}

interface ToolAbout<I extends JsonSchema, O extends JsonSchema> extends About {
  readonly title?: string
  readonly inputSchema?: I
  readonly outputSchema?: O
  readonly outputTransform?: Transform
  readonly tags?: readonly string[]
  readonly annotations?: JsonObject
  readonly execution?: JsonObject
  readonly icons?: readonly JsonObject[]
  /** What the tool may call; without it, what its spec calls. Patterns that choose at run time need it. */
  readonly depends?: readonly Callable[]
}

export interface SourceTool<I extends JsonSchema, O extends JsonSchema> extends ToolAbout<I, O> {
  readonly source: Source
  readonly spec?: never
}

export interface CompositionTool<I extends JsonSchema, O extends JsonSchema>
  extends ToolAbout<I, O> {
  /** A pattern; as a function, it is given the arguments, with the members that `inputSchema` declares. */
  readonly spec: Spec | ((input: PathOf<I>) => Spec)
  readonly source?: never
}

/** A tool of the registry: one that a server provides, or a composition. */
export function tool<
  const V extends string,
  const I extends JsonSchema = JsonSchema,
  const O extends JsonSchema = JsonSchema,
>(
  name: string,
  version: Exact<V> | undefined,
  definition: SourceTool<I, O> | CompositionTool<I, O>,
): Tool<I, O> {
  const { spec, depends, ...about } = definition
  const entity = madeBy(tool, { ...named(name, version), ...about })
  const written = typeof spec === "function" ? spec(input as PathOf<I>) : spec
  const json = written && specJson(written)
  const called = depends === undefined ? derivedDepends(json) : dependsJson(depends, entity)
  const isCalling = depends !== undefined || called.length > 0
  Object.assign(entity, {
    ...(json !== undefined && { spec: json }),
    ...(isCalling && { depends: called }),
  })
  return toolValue<I, O>(name, version, { section: "tools", entity })
}

/** A tool that is defined elsewhere; `validate` says when it is not. */
export const toolNamed = <const V extends string>(
  name: string,
  version?: Exact<V>,
): Tool<JsonSchema, JsonSchema> => toolValue(name, version)

function toolValue<I, O>(
  name: string,
  version: string | undefined,
  definition?: Definition,
): Tool<I, O> {
  const dependency = { type: "tool", ...named(name, version) }
  const known = { member: "tool", call: { name }, dependency } as const
  const value = { kind: "tool", name, version } as const
  return callsWith(definition === undefined ? value : defines(value, definition), value, known)
}
