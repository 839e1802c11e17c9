import { isList, isObject, type Json, type JsonObject, member, segment } from "../../schema/json.ts"
import type { AgentEntity, Skill } from "../model.ts"
import { sbomUri } from "../normalise/sbom.ts"
import { cardJson } from "../write/card-json.ts"
import { dependsChanged, inOrder, type Judges } from "./depends.ts"
import { type Change, change, type Level } from "./level.ts"
import { became, isEqual } from "./members.ts"
import type { SchemaJudge } from "./schemas.ts"
import { resolved, type Side } from "./server.ts"
import { schemasChanged } from "./shown.ts"

/** What the document says of an agent, without its identity, notes and the order of what it depends on. */
export const agentText = (entity: AgentEntity): JsonObject => ({
  ...plainCard(cardJson(entity)),
  depends: inOrder(entity.depends),
})

/** What changed of an agent: for itself, in what it may call, and for those who call its skills. */
export function agentChanges(
  old: Side<AgentEntity>,
  next: Side<AgentEntity>,
  { schemas, version }: Judges,
): readonly Change[] {
  const [before, after] = [old.entity, next.entity]
  const changes = [
    ...dependsChanged(before.depends ?? [], after.depends ?? [], {
      judge: version,
      gone: "breaking",
    }),
    ...skillsChanged(old, next, schemas),
    ...cardChanged(before.card, after.card),
  ]
  return changes.length > 0 ? changes : [change("", "words", "written in another way")]
}

function skillsChanged(
  old: Side<AgentEntity>,
  next: Side<AgentEntity>,
  judge: SchemaJudge,
): readonly Change[] {
  const before = skillsOf(old.entity)
  const after = skillsOf(next.entity)
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [from, to] = [before.get(id), after.get(id)]
    const at = `skills${segment(id)}`
    if (to === undefined) return [change(at, "breaking", "no longer offered")]
    if (from === undefined) return [change(at, "compatible", "offered now")]
    const contracts = [resolved(from.skill, old.resolve), resolved(to.skill, next.resolve)] as const
    const inner = [...schemasChanged(...contracts, judge), ...wordsOfSkill(from.card, to.card)]
    return inner.map((one) => ({ ...one, at: `${at}/${one.at}` }))
  })
}

interface CardSkill {
  readonly skill: Skill
  /** As the card has it. */
  readonly card: JsonObject
}

function skillsOf({ skills, card }: AgentEntity): ReadonlyMap<string, CardSkill> {
  const written = member(card, "skills")
  const cards = isList(written) ? written.filter(isObject) : []
  return new Map(
    skills.map((skill) => {
      return [skill.id, { skill, card: cards.find((one) => one["id"] === skill.id) ?? {} }] as const
    }),
  )
}

const schemaKeys: ReadonlySet<string> = new Set(["inputSchema", "outputSchema"])

const wordsOfSkill = (old: JsonObject, next: JsonObject): readonly Change[] =>
  cardMembers(old, next).filter(({ at }) => !schemaKeys.has(at))

/** Skills have changes of their own, above. */
const cardChanged = (old: JsonObject, next: JsonObject): readonly Change[] =>
  cardMembers(plainCard(old), plainCard(next)).filter(({ at }) => at !== "skills")

function plainCard(card: JsonObject): JsonObject {
  const members = Object.entries(card).filter(
    ([key]) => key !== "name" && key !== "version" && !key.startsWith("$"),
  )
  return Object.fromEntries(
    members.map(([key, value]) => [key, key === "capabilities" ? flags(value) : value]),
  )
}

/** Without the extensions: what an agent depends on stands in one of them, and is compared as such. */
function flags(capabilities: Json): Json {
  if (!isObject(capabilities)) return capabilities
  const { extensions, ...rest } = capabilities
  if (!isList(extensions)) return rest
  const others = extensions.filter((one) => !isObject(one) || one["uri"] !== sbomUri)
  return others.length === 0 ? rest : { ...rest, extensions: others }
}

function cardMembers(old: JsonObject, next: JsonObject): readonly Change[] {
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((key) => {
    const [before, after] = [member(old, key), member(next, key)]
    const what = became(before, after)
    return what === undefined ? [] : [change(key, levelOf(key, before, after), what)]
  })
}

/** Said to people. Everything else of a card is for programs. */
const labels: ReadonlySet<string> = new Set([
  "name",
  "description",
  "documentationUrl",
  "iconUrl",
  "provider",
  "tags",
  "examples",
  "metadata",
  "deprecated",
  "deprecationMessage",
])
/** What is taken and given: fewer of them is a break, more is none. */
const modes: ReadonlySet<string> = new Set([
  "inputModes",
  "outputModes",
  "defaultInputModes",
  "defaultOutputModes",
])

function levelOf(key: string, old: Json | undefined, next: Json | undefined): Level {
  if (labels.has(key)) return "words"
  if (modes.has(key)) return isFewer(old, next) ? "breaking" : "compatible"
  if (key === "capabilities") return isLess(old, next) ? "breaking" : "compatible"
  return key === "security" || key === "securitySchemes" ? "breaking" : "compatible"
}

const isFewer = (old: Json | undefined, next: Json | undefined): boolean =>
  isList(old) && old.some((one) => !isList(next) || !next.includes(one))

const isLess = (old: Json | undefined, next: Json | undefined): boolean =>
  isObject(old) &&
  Object.entries(old).some(
    ([key, value]) => value === true && !(isObject(next) && isEqual(next[key], true)),
  )
