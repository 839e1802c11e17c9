import type { Json, JsonObject, JsonSchema } from "../registry/model.ts"
import { withSbom } from "../registry/write/card-json.ts"
import { type Definition, defines, named } from "./definition.ts"
import type { Exact } from "./exact.ts"
import { type Callable, callsWith, dependsJson } from "./operation.ts"
import { madeBy, madeWith } from "./site.ts"

/** A skill of an A2A card; other members are carried. */
export interface SkillCard<K extends string = string> {
  readonly id: K
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  readonly [member: string]: unknown
}

/** An A2A card without name, version and what it depends on; other members are carried. */
export interface Card<S extends readonly SkillCard[]> {
  readonly description?: string
  readonly url?: string
  readonly protocolVersion?: string
  readonly defaultInputModes?: readonly string[]
  readonly defaultOutputModes?: readonly string[]
  readonly skills?: S
  readonly capabilities?: JsonObject
  readonly metadata?: JsonObject
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
  readonly [member: string]: unknown
}

type Skilled<S extends readonly SkillCard[], K> = Extract<S[number], { readonly id: K }>
type SchemaOf<C, M extends string> = C extends { readonly [member in M]: infer D } ? D : JsonSchema

export interface AgentSkill<I = unknown, O = unknown> extends Callable<I, O> {
  readonly kind: "skill"
}

/** An agent of the registry. Without `depends` it declares nothing and may call nothing. */
export interface Agent<S extends readonly SkillCard[] = readonly SkillCard[]> {
  readonly kind: "agent"
  readonly name: string
  readonly version: string | undefined
  /** One of its skills, which compositions call and agents depend on. */
  readonly skill: <const K extends S[number]["id"]>(
    id: K,
  ) => AgentSkill<SchemaOf<Skilled<S, K>, "inputSchema">, SchemaOf<Skilled<S, K>, "outputSchema">>
  /** Lets the agent call these, too; `depends()` says that it calls nothing. */
  readonly depends: (...callables: readonly Callable[]) => Agent<S>
}

/** An agent in one version, by its A2A card. */
export function agent<const V extends string, const S extends readonly SkillCard[] = readonly []>(
  name: string,
  version: Exact<V> | undefined,
  card: Card<S> = {},
): Agent<S> {
  const entity = madeBy(agent, { ...named(name, version), ...card })
  return agentValue<S>(name, version, entity)
}

/** An agent that is defined elsewhere; `validate` says when it is not. */
export const agentNamed = <const V extends string>(name: string, version?: Exact<V>): Agent =>
  agentValue(name, version)

function agentValue<S extends readonly SkillCard[]>(
  name: string,
  version: string | undefined,
  card?: object,
): Agent<S> {
  let depends: readonly JsonObject[] | undefined
  const own: Agent<S> = {
    kind: "agent",
    name,
    version,
    skill: (id) => {
      const known = { member: "agent", call: { name, skill: id } } as const
      const dependency = { type: "agent", ...named(name, version), skill: id }
      return callsWith({ kind: "skill", name, version } as const, own, { ...known, dependency })
    },
    depends: (...callables) => {
      const part = madeBy(own.depends, {})
      depends = [...(depends ?? []), ...dependsJson(callables, part)]
      return own
    },
  }
  if (card === undefined) return own
  const definition: Definition = {
    section: "agents",
    get entity() {
      return depends === undefined ? card : madeWith(card, withDepends(card, depends))
    },
  }
  return defines(own, definition)
}

const withDepends = (card: { readonly capabilities?: Json }, depends: readonly JsonObject[]) => ({
  ...card,
  capabilities: withSbom(card.capabilities, depends),
})
