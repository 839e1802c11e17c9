import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Skill } from "../model.ts"
import type { NormaliseContext } from "./context.ts"
import {
  present,
  read,
  readList,
  readText,
  reportMissing,
  type Written,
  wrongType,
} from "./fields.ts"
import { placed } from "./place.ts"
import { readSchema } from "./schema-position.ts"

/** A skill: what the gateway needs of it, and the whole of it in canonical spelling. */
export interface SkillRead {
  readonly skill: Skill
  readonly card: JsonObject
}

/** The skills of a card. They may carry anything; only what has a meaning here is looked at. */
export function readSkills(agent: Written): readonly SkillRead[] {
  const list = readList(agent, "skills") ?? []
  return list.flatMap((raw, index) => {
    const pointer = `${agent.pointer}/skills/${index}`
    if (isObject(raw)) return readSkill({ raw, pointer, context: agent.context })
    wrongType(agent.context, pointer, raw, "an object")
    return []
  })
}

function readSkill(from: Written): SkillRead[] {
  const { raw, pointer, context } = from
  const id = readId(from)
  const input = readSchema(read(from, "inputSchema"), `${pointer}/inputSchema`, context)
  const output = readSchema(read(from, "outputSchema"), `${pointer}/outputSchema`, context)
  const examples = readExamples(from)
  if (id === undefined) return []
  const schemas = present({ inputSchema: input?.schema, outputSchema: output?.schema })
  const skill: Skill = { id, ...schemas }
  const replaced = Object.entries({ id, ...schemas, ...present({ examples }) })
  const isCanonical = replaced.every(([key, value]) => raw[key] === value)
  return [
    {
      skill: placed(context, skill, pointer, { inputSchema: input, outputSchema: output }),
      card: isCanonical ? raw : { id, ...raw, ...Object.fromEntries(replaced) },
    },
  ]
}

/** The dialect's skills have a name and no id. */
function readId(from: Written): string | undefined {
  const id = readText(from, "id")
  if (id !== undefined || read(from, "id") !== undefined) return id
  const name = readText(from, "name")
  if (name === undefined) reportMissing(from, "id")
  else from.context.dialect("skill.name-as-id", `${from.pointer}/name`)
  return name
}

/** Examples are texts; the dialect's objects become their description, or their input as JSON. */
function readExamples({ raw, pointer, context }: Written): readonly Json[] | undefined {
  const examples = raw["examples"]
  if (!isList(examples) || !examples.some(isObject)) return
  return examples.map((example, index) =>
    exampleText(example, `${pointer}/examples/${index}`, context),
  )
}

function exampleText(example: Json, pointer: string, context: NormaliseContext): Json {
  if (!isObject(example) || !Object.hasOwn(example, "input")) return example
  context.dialect("skill.example-object", pointer)
  const description = example["description"]
  if (typeof description === "string" && description !== "") return description
  return JSON.stringify(example["input"])
}
