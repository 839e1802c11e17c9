import { readFileSync } from "node:fs"
import { typesOfPlan } from "../../src/compose/check/plan-types.ts"
import { type Compiled, createPlanner } from "../../src/compose/plan/compile-plan.ts"
import type { PlanLimits } from "../../src/compose/plan/limits.ts"
import type { Graph, Plan, Step } from "../../src/compose/plan/plan.ts"
import type { PlanTypes } from "../../src/compose/plan/plan-types.ts"
import type { Catalog, CatalogTool } from "../../src/registry/catalog.ts"
import type { CallSite, Dependency } from "../../src/registry/model.ts"
import { readSpec } from "../../src/registry/spec/read-spec.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { agentOf, documentOf, load, sourceTool } from "./registries.ts"
import { createSpecContext } from "./spec-context.ts"

/** What a test says of a composition; a spec alone is one, too. */
export interface CompositionSketch {
  readonly name?: string
  readonly version?: string
  readonly spec: JsonObject
  readonly depends?: readonly Dependency[]
  readonly inputSchema?: JsonObject
  readonly outputSchema?: JsonObject
  readonly outputTransform?: JsonObject
}

export interface WorldSketch {
  /** Members of the tools that are called, by name: `annotations`, `tags`, `inputSchema`. */
  readonly tools?: { readonly [name: string]: object }
  /** Other compositions. */
  readonly compositions?: readonly (CompositionSketch & { readonly name: string })[]
}

/** A catalog in which everything that the compositions call is registered, in the version that they ask for. */
export function catalogOf(
  compositions: readonly (CompositionSketch & { readonly name: string })[],
  tools: { readonly [name: string]: object } = {},
): Catalog {
  const calls = compositions.flatMap(({ spec }) => callsIn(spec))
  const granted = compositions.flatMap(({ depends = [] }) => depends)
  const own = new Set(compositions.map(({ name }) => name))
  const called = [...calls.filter(({ kind }) => kind !== "direct"), ...granted.map(asCall)]
  const { catalog, problems } = load(
    documentOf(
      [
        ...registered(called, "tool", own).map(({ name, version }) =>
          sourceTool(name, { version, ...tools[name] }),
        ),
        ...compositions.map((composition) => ({ version: "1.0.0", ...composition })),
      ],
      {
        servers: [...serversOf(calls), anyServer(called)],
        agents: registered(called, "agent", new Set()).map(({ name, version, skill }) =>
          agentOf(name, [], { version, skills: skill === undefined ? [] : [{ id: skill }] }),
        ),
      },
    ),
  )
  if (catalog === undefined)
    throw new Error(JSON.stringify(problems.filter(({ severity }) => severity === "error")))
  return catalog
}

interface Called {
  readonly kind: string
  readonly name: string
  readonly version?: string
  readonly skill?: string
}

const asCall = ({ type, ...rest }: Dependency): Called => ({ kind: type, ...rest })

function callsIn(spec: JsonObject): readonly CallSite[] {
  return readSpec(spec, "", createSpecContext())?.composition.calls ?? []
}

function registered(calls: readonly Called[], kind: string, own: ReadonlySet<string>) {
  const byName = new Map<string, { name: string; version: string; skill: string | undefined }>()
  for (const { kind: called, name, version, skill } of calls) {
    if (called !== kind || own.has(name)) continue
    const known = byName.get(name)
    byName.set(name, {
      name,
      version: version ?? known?.version ?? "1.0.0",
      skill: skill ?? known?.skill,
    })
  }
  return [...byName.values()]
}

const anyServer = (calls: readonly Called[]) => ({
  name: "s",
  version: "1.0.0",
  provides: [...new Set(calls.map(({ name }) => name))].map((tool) => ({ tool })),
})

const serversOf = (calls: readonly CallSite[]) =>
  calls.flatMap(({ kind, server, serverVersion = "1.0.0", name }) =>
    kind === "direct" && server !== undefined
      ? [{ name: server, version: serverVersion, provides: [{ tool: name }] }]
      : [],
  )

/** The composition of a catalog with this name. */
export function toolIn(catalog: Catalog, name: string): CatalogTool {
  const [tool] = catalog.toolsNamed(name)
  if (tool === undefined) throw new Error(`no tool ${name}`)
  return tool
}

/** Compiles one composition, named `composed` where it says no other name. */
export function compiled(
  composition: CompositionSketch,
  { tools, compositions = [] }: WorldSketch = {},
  limits?: PlanLimits,
): Compiled {
  const named = { name: "composed", ...composition }
  const catalog = catalogOf([named, ...compositions], tools)
  return createPlanner(catalog, limits).compile(toolIn(catalog, named.name))
}

/** The plan of a composition that has one. */
export function planOf(composition: CompositionSketch, world?: WorldSketch): Plan {
  const { plan, problems } = compiled(composition, world)
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  return plan
}

/** A composition with its plan, and the types on its edges. */
export function typedPlanOf(
  composition: CompositionSketch,
  { tools, compositions = [] }: WorldSketch = {},
): readonly [Plan, PlanTypes] {
  const named = { name: "composed", ...composition }
  const catalog = catalogOf([named, ...compositions], tools)
  const { plan, problems } = createPlanner(catalog).compile(toolIn(catalog, named.name))
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  return [plan, typesOfPlan(plan, catalog)]
}

const examples = new URL("../compose/examples/", import.meta.url)

/** A composition as a user would write it. */
export const example = (name: string): CompositionSketch & { readonly name: string } =>
  JSON.parse(readFileSync(new URL(`${name}.json`, examples), "utf8"))

/** An operation that calls a tool. */
export const call = (name: string): JsonObject => ({ tool: { name } })
/** A pipeline of steps `s0`, `s1` and so on. */
export const pipeline = (...operations: readonly JsonObject[]): JsonObject => ({
  pipeline: { steps: operations.map((operation, index) => ({ id: `s${index}`, operation })) },
})
export const stepOf = (graph: Graph | undefined, index = 0): Step | undefined => graph?.steps[index]
/** The graph that a step holds. */
export const graphOf = (step: Step | undefined): Graph | undefined =>
  step?.node.kind === "graph" ? step.node.graph : undefined
