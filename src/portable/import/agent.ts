import { defaultLoadLimits } from "../../registry/limits.ts"
import type { JsonObject, Ref } from "../../registry/model.ts"
import { step } from "../../registry/normalise/pointer.ts"
import { sbomUri } from "../../registry/normalise/sbom.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { isList, type Json, keysOf, member } from "../../schema/json.ts"
import type { Change } from "./change.ts"
import type { Edited } from "./edit-server.ts"
import { objects, type Placed, refIn, section } from "./written-document.ts"

/** The agent that is given what is imported. */
export interface GivenAgent {
  readonly ref: Ref
  /** Somebody named it: it is made, or gets the new tools. Else it is made only where there is no agent at all. */
  readonly isNamed: boolean
}

export interface Gifts {
  /** Every registered tool of the servers, for an agent that is made. */
  readonly all: readonly Ref[]
  /** Those that were not registered before, for one that is there: what it was refused stays refused. */
  readonly fresh: readonly Ref[]
}

const none: Edited = { edits: [], changes: [] }

export function editAgent(document: JsonObject, agent: GivenAgent, { all, fresh }: Gifts): Edited {
  const agents = section(document, "agents")
  const { ref, isNamed } = agent
  const known = agents.find(({ entity }) => isSame(refIn(entity), ref))
  if (known === undefined) {
    if ((agents.length > 0 && !isNamed) || all.length === 0) return none
    const given = all.slice(0, dependsMax)
    const edits = [{ op: "append", pointer: "/agents", value: skeleton(ref, given) } as const]
    return { edits, changes: [change("agent_added", ref, given, all)] }
  }
  if (!isNamed || fresh.length === 0) return none
  const given = fresh.slice(0, dependsMax - dependenciesOf(known, document).length)
  const edits = extension(known, given)
  return { edits, changes: [change("agent_extended", ref, given, fresh)] }
}

const { dependsMax } = defaultLoadLimits

const change = (
  kind: "agent_added" | "agent_extended",
  agent: Ref,
  given: readonly Ref[],
  wanted: readonly Ref[],
): Change => ({ kind, agent, tools: given.length, left: wanted.length - given.length })

const isSame = (one: Ref, other: Ref) => one.name === other.name && one.version === other.version

const dependency = ({ name, version }: Ref): JsonObject => ({
  type: "tool",
  name,
  ...(version !== undefined && { version }),
})

const sbom = (tools: readonly Ref[]): JsonObject => ({
  uri: sbomUri,
  params: { depends: tools.map(dependency) },
})

/** An A2A card with what every card has, for its owner to fill in. */
const skeleton = ({ name, version }: Ref, tools: readonly Ref[]): JsonObject => ({
  name,
  ...(version !== undefined && { version }),
  description: "May call every tool that was imported: take out what it does not need",
  url: `https://agents.example/${encodeURIComponent(name)}`,
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
  capabilities: { extensions: [sbom(tools)] },
})

/** More in `depends`, wherever the agent has it. */
function extension({ entity, pointer }: Placed, tools: readonly Ref[]): TextEdit[] {
  const depends = dependsOf({ entity, pointer })
  if (depends !== undefined)
    return tools.map((tool) => ({ op: "append", pointer: depends, value: dependency(tool) }))
  const capabilities = `${pointer}/capabilities`
  return member(entity, "capabilities") === undefined
    ? [{ op: "set", pointer: capabilities, value: { extensions: [sbom(tools)] } }]
    : [{ op: "append", pointer: `${capabilities}/extensions`, value: sbom(tools) }]
}

/** What an agent depends on, as it is written. */
export function dependenciesOf(agent: Placed, document: JsonObject): readonly Placed[] {
  const at = dependsOf(agent)
  if (at === undefined) return []
  return objects(keysOf(at).reduce<Json | undefined>(step, document), at)
}

/** Where an agent's `depends` stands. */
function dependsOf({ entity, pointer }: Placed): string | undefined {
  if (isList(member(entity, "depends"))) return `${pointer}/depends`
  const { extensions } = objectAt(entity, "capabilities")
  const found = objects(extensions, `${pointer}/capabilities/extensions`)
  const declared = found.find((one) => one.entity["uri"] === sbomUri)
  return declared && `${declared.pointer}/params/depends`
}

const objectAt = (entity: JsonObject, key: string): JsonObject => {
  const [value] = objects([member(entity, key) ?? null], "")
  return value?.entity ?? {}
}
