import { type JsonObject, segment } from "../../schema/json.ts"
import { type Dependency, refKey, written } from "../model.ts"
import { dependencyJson } from "../write/dependency-json.ts"
import { type Change, change, type Level } from "./level.ts"
import type { SchemaJudge } from "./schemas.ts"

/** What it is to an agent or a composition that it depends on another version now, or no longer at all. */
export interface JudgeDepends {
  readonly judge: (old: Dependency, next: Dependency) => Pick<Change, "least" | "most">
  readonly gone: Level
}

/** What the changes of an entity are asked of. */
export interface Judges {
  readonly schemas: SchemaJudge
  readonly version: JudgeDepends["judge"]
}

/** What changed of the `depends` of an agent or a composition. */
export function dependsChanged(
  old: readonly Dependency[],
  next: readonly Dependency[],
  { judge, gone }: JudgeDepends,
): readonly Change[] {
  const before = remaining(old, next)
  const after = remaining(next, old)
  const changes: Change[] = []
  for (const one of before) {
    const index = after.findIndex((other) => targetOf(other) === targetOf(one))
    const [other] = index < 0 ? [] : after.splice(index, 1)
    if (other === undefined)
      changes.push(change(at(one), gone, `no longer depends on ${named(one)}`))
    else
      changes.push({
        at: at(one),
        ...judge(one, other),
        words: `depends on ${named(other)} instead of ${named(one)}`,
      })
  }
  return [
    ...changes,
    ...after.map((one) => change(at(one), "compatible", `also depends on ${named(one)}`)),
  ]
}

/** As JSON, whatever order they are written in: it means nothing. */
export const inOrder = (depends: readonly Dependency[] = []): readonly JsonObject[] =>
  depends.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)).map(dependencyJson)

/** Those of `list` that are not among `others`, each once. */
function remaining(list: readonly Dependency[], others: readonly Dependency[]): Dependency[] {
  const there = new Set(others.map(keyOf))
  return [...new Map(list.map((one) => [keyOf(one), one])).values()].filter(
    (one) => !there.has(keyOf(one)),
  )
}

const targetOf = ({ type, name, skill }: Dependency) => `${type} ${name} ${skill ?? ""}`
const keyOf = (one: Dependency) => `${targetOf(one)} ${refKey(one.name, one.version)}`
const at = ({ name, skill }: Dependency) =>
  `depends/${name}${skill === undefined ? "" : segment(skill)}`

/** `search@1.0.0`, `skill write of agent author@1.0.0`. */
const named = (one: Dependency): string =>
  one.type === "agent" ? `skill ${one.skill ?? "?"} of agent ${written(one)}` : written(one)
