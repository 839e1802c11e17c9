import type { JsonObject, JsonSchema } from "../../schema/json.ts"
import { isObject } from "../../schema/json.ts"
import type { CatalogTool } from "../catalog.ts"
import { type Flaw, flawsOf, hints } from "../compile/annotations.ts"
import { type Change, change } from "./level.ts"
import { became, isEqual, membersChanged } from "./members.ts"
import type { SchemaJudge } from "./schemas.ts"

/** What changed of a tool for those who see it in a list and call it. */
export function shownChanges(
  old: CatalogTool,
  next: CatalogTool,
  judge: SchemaJudge,
): readonly Change[] {
  const [before, after] = [old.shown, next.shown]
  return [
    ...wordsChanged(before, after),
    ...schemasChanged(
      { inputSchema: accepted(old), outputSchema: before.outputSchema },
      { inputSchema: accepted(next), outputSchema: after.outputSchema },
      judge,
    ),
    ...annotationsChanged(before.annotations ?? {}, after.annotations ?? {}),
    ...tasksChanged(before.execution, after.execution),
    ...iconsChanged(before.icons, after.icons),
  ]
}

/** What is accepted from callers: hidden fields are refused, whatever the schema says of fields that it does not name. */
function accepted({ shown, implementation }: CatalogTool): JsonSchema {
  const hidden = implementation.kind === "source" ? [...implementation.hidden] : []
  if (hidden.length === 0) return shown.inputSchema
  const { properties } = shown.inputSchema
  const refused = hidden.map((name) => [name, false] as const)
  const all = [...Object.entries(isObject(properties) ? properties : {}), ...refused]
  return { ...shown.inputSchema, properties: Object.fromEntries(all) }
}

interface Words {
  readonly title?: string | undefined
  readonly description?: string | undefined
}

export const wordsChanged = (old: Words, next: Words): readonly Change[] =>
  (["title", "description"] as const).flatMap((key) => {
    const what = became(old[key], next[key])
    return what === undefined ? [] : [change(key, "words", what)]
  })

type Icons = readonly JsonObject[] | undefined

/** What a client draws beside the name says as little as other words. */
export const iconsChanged = (old: Icons, next: Icons): readonly Change[] =>
  isEqual(old, next) ? [] : [change("icons", "words", "changed")]

/** What a tool, a server's tool or a skill takes and gives; without a schema that is anything. */
export interface Contract {
  readonly inputSchema?: JsonSchema | undefined
  readonly outputSchema?: JsonSchema | undefined
}

/** The schemas are self-contained. */
export function schemasChanged(
  old: Contract,
  next: Contract,
  judge: SchemaJudge,
): readonly Change[] {
  const input = judge.judge(
    "inputSchema",
    "taken",
    old.inputSchema ?? true,
    next.inputSchema ?? true,
  )
  const output = judge.judge(
    "outputSchema",
    "given",
    old.outputSchema ?? true,
    next.outputSchema ?? true,
  )
  return [input, output].filter((one) => one !== undefined)
}

const says = {
  effect: ["changes nothing", "may change something"],
  destructive: ["destroys nothing", "may destroy something"],
  unrepeatable: ["may be repeated", "may not be repeated"],
  open: ["stays in a closed world", "reaches into an open world"],
} as const satisfies Record<Flaw, readonly [string, string]>

/** Whoever was told that a tool is harmless may call it unasked: to become worse breaks that. */
export function annotationsChanged(old: JsonObject, next: JsonObject): readonly Change[] {
  if (isEqual(old, next)) return []
  const [before, after] = [flawsOf(old), flawsOf(next)]
  const flaws = (Object.keys(says) as Flaw[]).flatMap((flaw) => {
    if (before.includes(flaw) === after.includes(flaw)) return []
    const [good, bad] = says[flaw]
    return after.includes(flaw)
      ? [
          change(
            `annotations/${hints[flaw]}`,
            "breaking",
            `said that it ${good}, and now that it ${bad}`,
          ),
        ]
      : [change(`annotations/${hints[flaw]}`, "compatible", `now says that it ${good}`)]
  })
  return flaws.length > 0
    ? flaws
    : membersChanged(old, next, "words", (key) => `annotations/${key}`)
}

/** Whether legacy callers may call it as a task: MCP `ToolExecution.taskSupport`, `forbidden` where nothing is said. */
export function tasksChanged(
  old: JsonObject | undefined,
  next: JsonObject | undefined,
): readonly Change[] {
  if (isEqual(old, next)) return []
  const mayBeTask = (execution: JsonObject | undefined) =>
    ["optional", "required"].includes(String(execution?.["taskSupport"]))
  return mayBeTask(old) && !mayBeTask(next)
    ? [change("execution", "breaking", "may no longer be called as a task")]
    : [change("execution", "compatible", "changed")]
}
