import type { Plan } from "../../src/compose/plan/plan.ts"
import { type Answer, effectful, reading, type Tool } from "./composition-world.ts"
import { type DurableOptions, DurableWorld } from "./durable-world.ts"
import { planOf } from "./plans.ts"

/*
 * Sagas over tools `a` to `d`, which `una` to `und` undo and `find` looks for.
 */

export const step = (id: string, more: object = {}) => ({
  id,
  action: { tool: { name: id } },
  compensate: { tool: { name: `un${id}` } },
  ...more,
})
export const without = (id: string, more: object = {}) =>
  step(id, { compensate: undefined, ...more })
const names = ["a", "b", "c", "d", "una", "unb", "unc", "und", "find"]
const tools = Object.fromEntries(names.map((name) => [name, name === "find" ? reading : effectful]))
export const saga = (steps: readonly object[], more: object = {}) => ({ saga: { steps, ...more } })
export const planned = (spec: object): Plan =>
  planOf({ spec: JSON.parse(JSON.stringify(spec)) }, { tools })
export const broken: Answer = { fail: { class: "tool", message: "no" } }
export const lost: Answer = {
  fail: { class: "transport", code: "CONNECTION_LOST", effect: "unknown", message: "lost" },
}

/** A saga to its end, in a world where everything answers with its name but for what is said. */
export async function ran(
  spec: object,
  script: Readonly<Record<string, Tool>> = {},
  options?: DurableOptions,
) {
  const honest = names.map((name): readonly [string, Tool] => [name, { value: { [name]: 1 } }])
  const world = new DurableWorld({ ...Object.fromEntries(honest), ...script }, options)
  world.begin(planned(spec), { order: 7 })
  const drive = await world.settle()
  return { world, drive, record: await world.record(), story: await world.story() }
}

/** What a tool answers the first times; then that it is well. */
export const first =
  (...answers: readonly Answer[]): Tool =>
  (_, __, nth) =>
    answers[nth - 1] ?? { value: { nth } }
