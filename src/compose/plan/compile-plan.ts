import type { CatalogTool } from "../../registry/catalog.ts"
import { refOf, written } from "../../registry/model.ts"
import type { Problem } from "../../registry/problem.ts"
import { digest } from "../../schema/canonical.ts"
import type { Json } from "../../schema/json.ts"
import { TypeChecker } from "../check/check-types.ts"
import { bindMapping } from "../expr/bind-mapping.ts"
import type { Expr } from "../expr/expr.ts"
import { given } from "../expr/members.ts"
import { onlyProperty, registered } from "./callee.ts"
import { defaultsOf } from "./defaults.ts"
import { checkLimit, defaultPlanLimits, type PlanLimits } from "./limits.ts"
import type { Callables, Lowering, Spot } from "./lowering.ts"
import { measure } from "./measure.ts"
import { lowerGraph, lowerNode } from "./node.ts"
import type { Boundary, Graph, GraphNode, Plan } from "./plan.ts"

/** What became of a composition. Pointers of problems are into its canonical form: `/spec/pipeline/steps/0`. */
export interface Compiled {
  /** Only when no problem is an error. */
  readonly plan: Plan | undefined
  readonly problems: readonly Problem[]
}

/** Compiles the compositions of one catalog; those that are called by several are lowered once. */
export interface Planner {
  readonly compile: (tool: CatalogTool) => Compiled
}

export function createPlanner(catalog: Callables, limits: PlanLimits = defaultPlanLimits): Planner {
  const workshop = new Workshop(catalog, limits)
  return { compile: (tool) => workshop.compile(tool) }
}

/** A composition without what it is called with. */
interface Whole {
  readonly graph: Graph
  readonly problems: readonly Problem[]
}

class Workshop {
  readonly #catalog: Callables
  readonly #limits: PlanLimits
  readonly #types: TypeChecker
  readonly #wholes = new Map<CatalogTool, Whole>()

  constructor(catalog: Callables, limits: PlanLimits) {
    this.#catalog = catalog
    this.#types = new TypeChecker(catalog)
    this.#limits = limits
  }

  compile(tool: CatalogTool): Compiled {
    const { graph, problems } = this.#whole(tool)
    if (problems.some(isError)) return { plan: undefined, problems }
    const { durable } = measure(graph)
    const plan: Omit<Plan, "digest"> = { language: 1, tool: refOf(tool), root: graph, durable }
    // Plain JSON by its types; canonical JSON is refused for anything else.
    return { plan: { ...plan, digest: digest(plan as unknown as Json) }, problems }
  }

  /** Lowers what it calls first, with a stack of its own: a chain of calls may be long before it is found too long. */
  #whole(tool: CatalogTool): Whole {
    const open: CatalogTool[] = [tool]
    const entered = new Set<CatalogTool>()
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      const missing = entered.has(at) ? [] : this.#callees(at).filter((c) => !this.#wholes.has(c))
      entered.add(at)
      const waiting = missing.filter((callee) => !entered.has(callee))
      open.push(...waiting)
      if (waiting.length > 0) continue
      open.pop()
      if (!this.#wholes.has(at)) this.#wholes.set(at, this.#lower(at))
    }
    return this.#wholes.get(tool) ?? this.#lower(tool)
  }

  #callees({ entity }: CatalogTool): readonly CatalogTool[] {
    return (entity.depends ?? []).flatMap((grant) => {
      const tool = grant.type === "tool" ? registered(grant, this.#catalog) : undefined
      return tool?.implementation.kind === "composition" ? [tool] : []
    })
  }

  #lower(tool: CatalogTool): Whole {
    const { entity } = tool
    const problems: Problem[] = []
    const report = (problem: Problem) => void problems.push(problem)
    const written = new WeakMap<object, string>()
    const spot: Spot = {
      level: undefined,
      input: "input",
      pointer: "/spec",
      path: "",
      report,
      written,
    }
    const lowering: Lowering = {
      catalog: this.#catalog,
      limits: this.#limits,
      tool,
      depends: entity.depends ?? [],
      node: (operation, at) => lowerNode(operation, at, lowering),
      inlined: (callee, at) => this.#inlined(callee, at),
    }
    const graph = wholeGraph(lowerGraph(entity.spec ?? {}, spot, lowering), tool)
    this.#checkSize(graph, spot)
    if (problems.some(isError)) return { graph, problems }
    const checked = this.#types.check(tool, graph, (part) => written.get(part))
    return { graph: checked.graph, problems: [...problems, ...checked.problems] }
  }

  #checkSize(graph: Graph, spot: Spot): void {
    const { steps, depth } = measure(graph)
    const { maxPlanSteps, maxDepth } = this.#limits
    const what = "steps, with those of the compositions it calls"
    checkLimit({ what, found: steps, max: maxPlanSteps, limit: "maxPlanSteps" }, spot)
    const graphs = "graphs inside each other"
    checkLimit({ what: graphs, found: depth, max: maxDepth, limit: "maxDepth" }, spot)
  }

  #inlined(callee: CatalogTool, spot: Spot): GraphNode | undefined {
    const whole = this.#wholes.get(callee)
    if (whole === undefined)
      return refuse(spot, "circular_dependency", `${written(callee)} calls this composition`)
    if (whole.problems.some(isError))
      return refuse(spot, "callee_unsound", `${written(callee)} cannot be run itself`)
    return { kind: "graph", graph: called(whole.graph, callee) }
  }
}

const isError = ({ severity }: Problem): boolean => severity === "error"

/** A graph as that of a whole composition. */
function wholeGraph(graph: Graph, tool: CatalogTool): Graph {
  const { entity, shown } = tool
  const boundary: Boundary = {
    tool: refOf(tool),
    depends: entity.depends ?? [],
    ...given({ defaults: defaultsOf(shown.inputSchema) }),
  }
  const { outputTransform } = entity
  if (outputTransform === undefined) return { boundary, ...graph }
  // What a transform makes is no result of any call.
  const { rawOf: _, output, ...rest } = graph
  const whole: Expr = { kind: "coalesce", options: [output, { kind: "constant", value: null }] }
  const transformed: Expr = { kind: "over", of: whole, as: bindMapping(outputTransform, "self") }
  return { boundary, ...rest, output: transformed }
}

/** The same inside of another composition, where nobody else checks what goes in and out. */
const inside = new WeakMap<Graph, Graph>()

function called(graph: Graph, { entity, shown }: CatalogTool): Graph {
  const known = inside.get(graph)
  if (known !== undefined || graph.boundary === undefined) return known ?? graph
  // Without a schema of its own it takes what it is given: only what callers are shown must be an object.
  const inputSchema = entity.inputSchema === undefined ? undefined : shown.inputSchema
  const contract = given({
    wrap: onlyProperty(shown.inputSchema),
    inputSchema,
    outputSchema: shown.outputSchema,
  })
  const made = { ...graph, boundary: { ...graph.boundary, ...contract } }
  inside.set(graph, made)
  return made
}

function refuse({ report, pointer }: Spot, code: string, message: string): undefined {
  report({ code, severity: "error", pointer, message })
}
