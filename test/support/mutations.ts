import { fixture, fixtureText, found, load, type Mutable } from "./registries.ts"

export const flagship = () => fixture("flagship.json")
const before = found(load(fixtureText("flagship.json")))

/** The problems that a change brings, as `code pointer`, and those that it removes with a minus before them. */
export function effect(change: (document: Mutable) => void): string[] {
  const document = flagship()
  change(document)
  const after = found(load(document))
  const gone = before.filter((problem) => !after.includes(problem)).map((problem) => `-${problem}`)
  return [...after.filter((problem) => !before.includes(problem)), ...gone]
}

export const depends = (document: Mutable, agent: number): Mutable =>
  document.agents[agent].capabilities.extensions[0].params.depends

export const tool = (document: Mutable, name: string): Mutable =>
  document.tools.find((candidate: Mutable) => candidate.name === name)

/** What is changed, in words; the problems that brings; the change. */
export type Row = readonly [
  change: string,
  expected: readonly string[],
  apply: (document: Mutable) => void,
]

export const setSource = (changes: object) => (d: Mutable) => {
  Object.assign(d.tools[0].source, changes)
}
export const setTool = (name: string, changes: object) => (d: Mutable) => {
  Object.assign(tool(d, name), changes)
}
