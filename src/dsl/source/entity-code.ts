import type { Json, JsonObject } from "../../registry/model.ts"
import { sbomUri } from "../../registry/normalise/sbom.ts"
import { type Code, call, data, list, type Member, object, text } from "./code.ts"
import { type Entities, type Entity, isObject, listOf } from "./entities.ts"
import { inLine, textOf } from "./operations.ts"
import type { Scope } from "./scope.ts"
import { specCode } from "./specs.ts"

/** The call that defines an entity. */
export function entityCode(entity: Entity, entities: Entities): Code {
  switch (entity.section) {
    case "schemas":
      return schemaCode(entity, entities)
    case "servers":
      return defined("server", entity, entities, entities.withSchemas(withoutIdentity(entity)))
    case "tools":
      return defined("tool", entity, entities, object(toolMembers(entity, entities)))
    case "agents":
      return agentCode(entity, entities)
  }
}

function defined(builder: string, entity: Entity, entities: Entities, said: Code): Code {
  const isEmpty = typeof said !== "string" && said.kind === "object" && said.members.length === 0
  return call(entities.use(builder), ...identityCode(entity, entities), ...(isEmpty ? [] : [said]))
}

const identityCode = ({ name, version }: Entity, entities: Entities): readonly Code[] => [
  text(name),
  version === undefined ? entities.use("unversioned") : text(version),
]

function withoutIdentity({ json }: Entity): JsonObject {
  const { name: _, version: __, ...members } = json
  return members
}

function schemaCode(entity: Entity, entities: Entities): Code {
  const { schema, ...about } = withoutIdentity(entity)
  const given = [...identityCode(entity, entities), entities.withSchemas(schema)]
  return call(entities.use("schema"), ...given, ...optional(about))
}

const optional = (members: JsonObject): readonly Code[] =>
  Object.keys(members).length === 0 ? [] : [data(members)]

function toolMembers(entity: Entity, entities: Entities): readonly Member[] {
  const { source, spec, depends, ...about } = withoutIdentity(entity)
  const members = Object.entries(about).map(([key, value]) => ({
    key,
    value: entities.withSchemas(value),
  }))
  const from = isObject(source) ? [{ key: "source", value: sourceCode(source, entities) }] : []
  return [...members, ...from, ...specMembers(entity, { spec, depends }, entities)]
}

type Composed = { readonly spec: Json | undefined; readonly depends: Json | undefined }

/** The spec, and what it depends on where the builder would not find it out, or not in this order. */
function specMembers(
  { json }: Entity,
  { spec, depends }: Composed,
  entities: Entities,
): readonly Member[] {
  const declared = listOf(depends).filter(isObject)
  let takesInput = false
  const scope: Scope = {
    entities,
    depends: declared,
    called: [],
    names: entities.names,
    handles: [],
    input: json["inputSchema"],
    nested: specCode,
    onInput: () => {
      takesInput = true
    },
  }
  const code = isObject(spec) ? specCode(spec, scope) : undefined
  const isDerived = declared.length > 0 && JSON.stringify(scope.called) === JSON.stringify(depends)
  const calls = declared.map((each) => dependencyCode(each, entities))
  const said = depends === undefined || isDerived ? [] : [{ key: "depends", value: list(calls) }]
  if (code === undefined) return said
  // Calls that resolve to nothing are in no `depends`, and the builder would put them there.
  if (depends === undefined && scope.called.length > 0)
    return [{ key: "spec", value: call(entities.use("asWritten"), data(spec)) }]
  const value: Code = takesInput ? { kind: "function", parameter: "input", body: code } : code
  return [...said, { key: "spec", value }]
}

function dependencyCode({ type, name, version, skill }: JsonObject, entities: Entities): Code {
  const section = type === "agent" ? "agents" : "tools"
  const { code } = entities.reference(section, textOf(name) ?? "", textOf(version))
  return typeof skill === "string" ? call(`${inLine(code)}.skill`, text(skill)) : code
}

function sourceCode(source: JsonObject, entities: Entities): Code {
  const { server, serverVersion, servers, tool, ...options } = source
  const reference = (name: Json | undefined, version: Json | undefined) =>
    entities.reference("servers", textOf(name) ?? "", textOf(version)).code
  if (servers === undefined)
    return call(
      `${inLine(reference(server, serverVersion))}.tool`,
      data(tool),
      ...optional(options),
    )
  const members = listOf(servers)
    .filter(isObject)
    .map((member) => {
      const { server: name, serverVersion: version, ...own } = member
      const at = reference(name, version)
      return Object.keys(own).length === 0 ? at : call(`${inLine(at)}.member`, data(own))
    })
  return call(entities.use("anyOf"), data(tool), list(members), ...optional(options))
}

function agentCode(entity: Entity, entities: Entities): Code {
  const { capabilities, ...card } = withoutIdentity(entity)
  const { depends, rest } = withoutSbom(capabilities)
  const members = Object.entries({ ...card, ...(rest && { capabilities: rest }) }).map(
    ([key, value]) => ({ key, value: entities.withSchemas(value) }),
  )
  const made = defined("agent", entity, entities, object(members))
  if (depends === undefined) return made
  const callables = depends.map((each) => dependencyCode(each, entities))
  return { kind: "chain", of: made, callee: "depends", arguments: callables }
}

interface Capabilities {
  /** Undefined where there is no SBOM. */
  readonly depends: readonly JsonObject[] | undefined
  /** What is left to be written; undefined where that is nothing. */
  readonly rest: Json | undefined
}

/** The capabilities without what `depends` writes: of the SBOM, all of it where it stands last and says nothing else. */
function withoutSbom(capabilities: Json | undefined): Capabilities {
  const known = isObject(capabilities) ? capabilities : {}
  const extensions = listOf(known["extensions"])
  const sbom = extensions.findLast((each) => isObject(each) && each["uri"] === sbomUri)
  if (!isObject(sbom)) return { depends: undefined, rest: capabilities }
  const { depends, ...params } = isObject(sbom["params"]) ? sbom["params"] : {}
  const isPlain = Object.keys(params).length === 0 && Object.keys(sbom).length === 2
  const left =
    isPlain && sbom === extensions.at(-1)
      ? extensions.slice(0, -1)
      : extensions.map((each) => (each === sbom ? { ...sbom, params } : each))
  const keys = Object.keys(known)
  const isGone = left.length === 0 && keys.at(-1) === "extensions"
  const rest = isGone
    ? Object.fromEntries(Object.entries(known).filter(([key]) => key !== "extensions"))
    : { ...known, extensions: left }
  return {
    depends: listOf(depends).filter(isObject),
    rest: Object.keys(rest).length === 0 ? undefined : rest,
  }
}
