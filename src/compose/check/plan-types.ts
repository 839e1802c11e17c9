import { Anatomy } from "../../schema/types/anatomy.ts"
import { schemaOf } from "../../schema/types/schema-of.ts"
import { type Part, type Type, typeOf, unknown } from "../../schema/types/type.ts"
import type { Callables } from "../plan/lowering.ts"
import { graphsIn, nodesOf } from "../plan/measure.ts"
import type { Boundary, Graph, Plan, Step } from "../plan/plan.ts"
import type { EdgeTypes, PlanTypes } from "../plan/plan-types.ts"
import { Contracts, withDefaultTypes } from "./contracts.ts"
import { type Listener, Walk } from "./walk.ts"

/** Infers the types on the edges of a plan of the catalog, those inside of what it calls included. */
export function typesOfPlan({ tool, root }: Plan, catalog: Callables): PlanTypes {
  const typing = new Typing(catalog)
  const called = catalog.tool(tool.name, tool.version)
  // Who declares nothing is not held to the little that every tool's arguments are.
  const isDeclared = called?.entity.inputSchema !== undefined
  typing.composition(root, isDeclared ? typeOf(called.shown.inputSchema) : unknown)
  return typing.types()
}

class Typing implements Partial<Listener> {
  readonly #anatomy = new Anatomy()
  readonly #catalog: Callables
  readonly #contracts: Contracts
  readonly #inputs = new Map<Step | Graph, Part>()
  readonly #outputs = new Map<Step | Graph, Part>()
  readonly #entered = new Set<Graph>()

  constructor(catalog: Callables) {
    this.#catalog = catalog
    this.#contracts = new Contracts(catalog)
  }

  /** Those that it calls come first: what they give may be known by nothing but this. */
  composition(graph: Graph, input: Type): void {
    if (this.#entered.has(graph)) return
    this.#entered.add(graph)
    for (const called of calledIn(graph)) {
      const schema = called.boundary?.inputSchema
      this.composition(called, schema === undefined ? unknown : typeOf(schema))
    }
    const anatomy = this.#anatomy
    const walk = new Walk({ anatomy, contracts: this.#contracts, pointerOf: () => undefined }, this)
    const type = withDefaultTypes(input, graph.boundary?.defaults, anatomy)
    const { gives } = walk.root(graph, { type, presence: "always" }, "")
    // What callers may leave out is shown as they see it, and not with the values that are filled in.
    this.takes(graph, { type: input, presence: "always" })
    const tool = graph.boundary && toolOf(graph.boundary, this.#catalog)
    if (tool !== undefined) this.#contracts.found(tool, gives)
  }

  types(): PlanTypes {
    const schema = (part: Part | undefined) =>
      part === undefined || schemaOf(part.type, this.#anatomy)
    return new Map(
      [...this.#inputs].map(([of, input]): [Step | Graph, EdgeTypes] => [
        of,
        { input: schema(input), output: schema(this.#outputs.get(of)) },
      ]),
    )
  }

  takes(of: Step | Graph, part: Part): void {
    this.#inputs.set(of, part)
  }

  gives(of: Step | Graph, part: Part): void {
    this.#outputs.set(of, part)
  }
}

const toolOf = ({ tool: { name, version } }: Boundary, catalog: Callables) =>
  catalog.tool(name, version)

/** The compositions that a graph calls, those of patterns inside of it included. */
const calledIn = ({ steps }: Graph): readonly Graph[] =>
  steps
    .flatMap(nodesOf)
    .flatMap(graphsIn)
    .flatMap((graph) => (graph.boundary === undefined ? calledIn(graph) : [graph]))
