import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import type { AgentEntity, Skill } from "../model.ts"
import { sbomUri } from "../normalise/sbom.ts"
import { dependencyJson } from "./dependency-json.ts"

/** The order of a card's members; others follow as they are written. */
const order = [
  "name",
  "version",
  "description",
  "url",
  "protocolVersion",
  "defaultInputModes",
  "defaultOutputModes",
  "skills",
  "capabilities",
  "provider",
  "security",
  "securitySchemes",
  "metadata",
  "deprecated",
  "deprecationMessage",
]

/** The agent as an A2A card, with what it depends on in the SBOM extension and nowhere else. */
export function cardJson(entity: AgentEntity): JsonObject {
  const { card, version, skills } = entity
  const members = new Map(Object.entries(card))
  if (version !== undefined) members.set("version", version)
  const cards = member(card, "skills")
  if (isList(cards))
    members.set(
      "skills",
      cards.map((skill, at) => skillJson(skill, skills[at])),
    )
  if (entity.depends !== undefined)
    members.set(
      "capabilities",
      withSbom(member(card, "capabilities"), entity.depends.map(dependencyJson)),
    )
  const known = order.flatMap((key) => {
    const value = members.get(key)
    return value === undefined ? [] : [[key, value] as const]
  })
  for (const [key] of known) members.delete(key)
  return Object.fromEntries([...known, ...members])
}

/** What was pinned stands in the entity. */
function skillJson(card: Json, skill: Skill | undefined): Json {
  if (!isObject(card) || skill === undefined) return card
  const { inputSchema, outputSchema } = skill
  const isSame = card["inputSchema"] === inputSchema && card["outputSchema"] === outputSchema
  if (isSame) return card
  return {
    ...card,
    ...(inputSchema !== undefined && { inputSchema }),
    ...(outputSchema !== undefined && { outputSchema }),
  }
}

/** Where several extensions say the same, the first one is kept. */
export function withSbom(capabilities: Json | undefined, depends: readonly Json[]): JsonObject {
  const known = isObject(capabilities) ? capabilities : {}
  const written = member(known, "extensions")
  const extensions = isList(written) ? written : []
  const at = extensions.findIndex(isSbom)
  const old = extensions[at]
  const sbom = { uri: sbomUri, ...(isObject(old) ? old : {}), params: params(old, depends) }
  const others = extensions.filter((extension, index) => index === at || !isSbom(extension))
  const made = at < 0 ? [...extensions, sbom] : others.map((e) => (e === old ? sbom : e))
  return { ...known, extensions: made }
}

const isSbom = (extension: Json) => isObject(extension) && member(extension, "uri") === sbomUri

function params(extension: Json | undefined, depends: readonly Json[]): JsonObject {
  const old = isObject(extension) ? member(extension, "params") : undefined
  return { ...(isObject(old) ? old : {}), depends }
}
