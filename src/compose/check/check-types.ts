import type { CatalogTool } from "../../registry/catalog.ts"
import type { Problem } from "../../registry/problem.ts"
import type { JsonSchema } from "../../schema/json.ts"
import { createSchemas } from "../../schema/schemas.ts"
import { Anatomy } from "../../schema/types/anatomy.ts"
import { type Part, typeOf, unknown } from "../../schema/types/type.ts"
import type { Schemas } from "../../schema/validator.ts"
import type { Callables } from "../plan/lowering.ts"
import type { Graph, Step } from "../plan/plan.ts"
import { graphAdvice } from "./advice/graph-advice.ts"
import { sagaAdvice } from "./advice/saga-advice.ts"
import { Contracts, nameOf, withDefaultTypes } from "./contracts.ts"
import type { Flow } from "./flow.ts"
import { flowProblems, type PointerOf } from "./flow-words.ts"
import { Inspection } from "./inspect.ts"
import { judgeFlow } from "./judge-flow.ts"
import { markProven } from "./mark-proven.ts"
import { Refuter } from "./refute/refute.ts"
import { type Listener, Walk } from "./walk.ts"

export interface TypesChecked {
  /** With the steps marked whose input is proven. */
  readonly graph: Graph
  readonly problems: readonly Problem[]
}

/** Validators that counter-examples are tried with. */
const validatorsMax = 2_000

/** Checks the types of the compositions of one catalog, those that are called before those that call them. */
export class TypeChecker {
  readonly #anatomy = new Anatomy()
  readonly #contracts: Contracts
  readonly #schemas: Schemas = createSchemas({ validatorsMax })

  constructor(catalog: Callables) {
    this.#contracts = new Contracts(catalog)
  }

  /** `graph` is that of a whole composition; pointers are into the canonical form of the tool. */
  check(tool: CatalogTool, graph: Graph, pointerOf: PointerOf): TypesChecked {
    const anatomy = this.#anatomy
    const heard = new Heard(anatomy, pointerOf)
    const walk = new Walk({ anatomy, contracts: this.#contracts, pointerOf }, heard)
    const { inputSchema, outputSchema } = tool.shown
    heard.source("", inputSchema)
    // Who declares nothing is not held to the little that every tool's arguments are.
    const given = tool.entity.inputSchema === undefined ? unknown : typeOf(inputSchema)
    const type = withDefaultTypes(given, graph.boundary?.defaults, anatomy)
    const { gives, flow } = walk.root(graph, { type, presence: "always" }, "/spec")
    this.#contracts.found(tool, gives)
    if (outputSchema !== undefined)
      heard.flow({ ...flow, into: { name: nameOf(tool), schema: outputSchema } }, undefined)
    return this.#judged(graph, heard, pointerOf)
  }

  #judged(graph: Graph, { flows, sources, found }: Heard, pointerOf: PointerOf): TypesChecked {
    const anatomy = this.#anatomy
    const refuter = new Refuter(sources, { anatomy, schemas: this.#schemas })
    const problems = [...found]
    const open: Open[] = []
    const unproven = new Set<Step>()
    for (const { flow, step } of flows) {
      const verdict = judgeFlow(flow, refuter, anatomy)
      if (!verdict.isProven && step !== undefined) unproven.add(step)
      problems.push(...flowProblems(flow, verdict, { pointerOf, anatomy }))
      if (verdict.open !== undefined) open.push({ flow, why: verdict.open })
    }
    if (open.length > 0) problems.push(unprovenProblem(open, flows.length))
    const proven = new Set(flows.flatMap(({ step }) => (step && !unproven.has(step) ? step : [])))
    return { graph: markProven(graph, proven), problems }
  }
}

interface Open {
  readonly flow: Flow
  readonly why: string
}

function unprovenProblem(open: readonly Open[], all: number): Problem {
  const places = open.map(({ flow: { at, into } }) =>
    at.role === "output" ? "the output" : `${at.path} → ${into.name}`,
  )
  return {
    code: "edge_unproven",
    severity: "info",
    pointer: "/spec",
    message: `${open.length} of ${all} values are held to their schemas when they come: ${places.slice(0, placesMax).join(", ")}${places.length > placesMax ? ", …" : ""}`,
    data: { edges: open.map(({ flow: { at }, why }) => ({ at: at.path, why })) },
  }
}

const placesMax = 4

/** What a walk came by. */
class Heard implements Partial<Listener> {
  readonly flows: { readonly flow: Flow; readonly step: Step | undefined }[] = []
  readonly sources = new Map<string, JsonSchema | undefined>()
  readonly found: Problem[] = []
  readonly #inspection: Inspection

  readonly #anatomy: Anatomy
  readonly #pointerOf: PointerOf

  constructor(anatomy: Anatomy, pointerOf: PointerOf) {
    this.#inspection = new Inspection(anatomy, pointerOf)
    this.#anatomy = anatomy
    this.#pointerOf = pointerOf
  }

  flow(flow: Flow, step: Step | undefined): void {
    this.flows.push({ flow, step })
  }

  expr(...[expr, scope, pointer]: Parameters<Listener["expr"]>): void {
    this.found.push(...this.#inspection.look(expr, scope, pointer))
  }

  graph(...[graph, id, pointer]: Parameters<Listener["graph"]>): void {
    this.found.push(...graphAdvice(graph, pointer, this.#pointerOf))
    if (graph.kind === "saga")
      this.found.push(
        ...sagaAdvice(graph, { pointer, pointerOf: this.#pointerOf, id }, this.#anatomy),
      )
  }

  list(part: Part, what: string, pointer: string): void {
    this.found.push(...this.#inspection.list(part, what, pointer))
  }

  source(path: string, schema: JsonSchema | undefined): void {
    this.sources.set(path, schema)
  }
}
