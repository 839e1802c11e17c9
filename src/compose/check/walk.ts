import type { Json, JsonSchema } from "../../schema/json.ts"
import { isObject } from "../../schema/json.ts"
import { type Anatomy, eitherPart } from "../../schema/types/anatomy.ts"
import {
  arrayOf,
  constantType,
  integerType,
  notThere,
  objectOf,
  type Part,
  type Type,
  textType,
  typeOf,
  unionOf,
  unknown,
} from "../../schema/types/type.ts"
import type { Expr } from "../expr/expr.ts"
import { needsInput } from "../plan/needs-input.ts"
import type { Graph, Join, Node, Step } from "../plan/plan.ts"
import type { ForEach, OnError } from "../plan/policies.ts"
import type { Contracts, Taker } from "./contracts.ts"
import type { Flow, Role, Route } from "./flow.ts"
import { infer } from "./infer.ts"
import { orNull, type StepType, type TypeScope } from "./type-scope.ts"

/** Told what a walk comes by, as far as it asks. */
export interface Listener {
  flow(flow: Flow, step: Step | undefined): void
  /** An expression, in the scope that it is computed in. */
  expr(expr: Expr, scope: TypeScope, pointer: string): void
  /** A graph of the composition itself, and what its saga would be known by. */
  graph(graph: Graph, id: Part | undefined, pointer: string): void
  /** What is gone through item by item. */
  list(part: Part, what: string, pointer: string): void
  /** Where values come from. */
  source(path: string, schema: JsonSchema | undefined): void
  /** The input of a step, of each item with `forEach`, or of a graph. */
  takes(of: Step | Graph, part: Part): void
  /** The value of a step that ran, or of a graph. */
  gives(of: Step | Graph, part: Part): void
}

export interface WalkTools {
  readonly anatomy: Anatomy
  readonly contracts: Contracts
  readonly pointerOf: (part: object) => string | undefined
}

/** What comes of a graph. */
interface Outcome {
  readonly gives: Part
  readonly flow: Omit<Flow, "into">
}

/** A place on the walk. */
interface Here {
  readonly scope: TypeScope
  readonly pointer: string
  readonly path: string
  readonly route: Route
}

/** Goes through a plan in the order of its steps, and finds out of what types everything is. */
export class Walk {
  readonly #tools: WalkTools
  readonly #listener: Partial<Listener>

  constructor(tools: WalkTools, listener: Partial<Listener>) {
    this.#tools = tools
    this.#listener = listener
  }

  /** What comes of the graph of a composition whose input is of this type. */
  root(graph: Graph, input: Part, pointer: string): Outcome {
    const scope: TypeScope = { frame: { input, steps: new Map() } }
    return this.#graph(graph, { scope, pointer, path: "", route: [] })
  }

  #graph(graph: Graph, { scope, ...around }: Here): Outcome {
    this.#listener.takes?.(graph, scope.frame.input)
    const steps = new Map<string, StepType>()
    const inner: TypeScope = { ...scope, frame: { ...scope.frame, steps } }
    for (const step of graph.steps)
      steps.set(step.id, this.#step(step, graph, { ...around, scope: inner }))
    const id = graph.saga?.id && this.#infer(graph.saga.id, { ...around, scope: inner })
    this.#listener.graph?.(graph, id, around.pointer)
    const route = [...around.route, { graph, step: undefined }]
    const pointer = this.#tools.pointerOf(graph.output) ?? around.pointer
    const here = { ...around, scope: inner, route, pointer }
    const part = orNull(this.#infer(graph.output, here))
    this.#listener.gives?.(graph, part)
    const at = { pointer, path: around.path, route, role: "output" } as const
    return { gives: part, flow: { expr: graph.output, part, at } }
  }

  #infer(expr: Expr, { scope, pointer }: Here): Part {
    this.#listener.expr?.(expr, scope, this.#tools.pointerOf(expr) ?? pointer)
    return infer(expr, scope, this.#tools.anatomy)
  }

  #step(step: Step, graph: Graph, around: Here): StepType {
    const here: Here = {
      ...around,
      pointer: this.#tools.pointerOf(step.node) ?? around.pointer,
      path: around.path === "" ? step.id : `${around.path}/${step.id}`,
      route: [...around.route, { graph, step }],
    }
    const { when, forEach } = step.policies
    if (when !== undefined) this.#infer(when, here)
    const value = forEach === undefined ? this.#once(step, here) : this.#each(step, forEach, here)
    this.#listener.gives?.(step, value)
    return { value, mayMiss: when !== undefined || mayFail(graph.join) }
  }

  #each(step: Step, { over, onItemError }: ForEach, here: Here): Part {
    const { anatomy } = this.#tools
    const list = this.#infer(over, here)
    this.#listener.list?.(list, "forEach", this.#tools.pointerOf(over) ?? here.pointer)
    const items = list.presence === "never" ? undefined : anatomy.items(list.type)
    const item: Part = items ? { type: items.type, presence: "always" } : notThere
    const value = this.#once(step, { ...here, scope: { ...here.scope, item } })
    const isKept = onItemError === "fail" && value.presence === "always"
    const min = isKept && list.presence === "always" ? (items?.min ?? 0) : 0
    const type = onItemError === "keep" ? unionOf([value.type, keptError]) : value.type
    return { type: arrayOf(type, { min, max: items?.max ?? 0 }), presence: "always" }
  }

  /** The value of a step, or of one of its items. */
  #once(step: Step, here: Here): Part {
    const { scope } = here
    const input = this.#infer(step.input, here)
    this.#listener.takes?.(step, input)
    const self = needsInput(step.node) ? sure(input) : input
    const known: Here = { ...here, scope: { ...scope, self } }
    const ran = this.#node(step.node, { expr: step.input, part: input, role: "input", step }, known)
    const { onError, once, cache, retry, breaker } = step.policies
    for (const condition of [once?.key, cache?.key]) if (condition) this.#infer(condition, known)
    const found = { ...known, scope: { ...known.scope, item: ran } }
    for (const condition of [cache?.if, breaker?.if]) if (condition) this.#infer(condition, found)
    const failed = { ...known, scope: { ...known.scope, error: errorPart } }
    if (retry?.if !== undefined) this.#infer(retry.if, failed)
    this.#undo(step, ran, known)
    const others = [
      ...(once?.onDuplicate === "skip" ? [nullPart] : []),
      ...(onError === undefined
        ? []
        : this.#reaction(onError, { ...failed, scope: unsure(failed.scope) })),
    ]
    return others.length === 0 ? ran : eitherPart([ran, ...others])
  }

  #reaction({ run, output, rethrow }: OnError, here: Here): readonly Part[] {
    const ran = run && this.#side(run, "fallback", here)
    const value = output && this.#infer(output, here)
    if (rethrow) return []
    return [value ?? ran].filter((part) => part !== undefined)
  }

  #side(
    { node, input }: { readonly node: Node; readonly input: Expr },
    role: Role,
    around: Here,
  ): Part {
    const mark = marks[role]
    const pointer = this.#tools.pointerOf(node) ?? around.pointer
    const here = { ...around, pointer, path: `${around.path}${mark}` }
    const part = this.#infer(input, here)
    const self = needsInput(node) ? sure(part) : part
    const known = { ...here, scope: { ...here.scope, self } }
    return this.#node(node, { expr: input, part, role, step: undefined }, known)
  }

  /** A compensation sees its own step, which may have left nothing; a probe is asked when it has not. */
  #undo({ id, undo, onUnknown }: Step, ran: Part, here: Here): void {
    if (undo !== undefined) {
      const { frame } = here.scope
      const steps = new Map([...frame.steps, [id, { value: ran, mayMiss: true }] as const])
      this.#side(undo, "undo", { ...here, scope: { ...here.scope, frame: { ...frame, steps } } })
    }
    if (typeof onUnknown !== "object") return
    const asked = this.#side({ node: onUnknown.probe, input: onUnknown.input }, "probe", here)
    this.#infer(onUnknown.done, { ...here, scope: { ...here.scope, item: asked } })
  }

  #node(node: Node, given: Given, here: Here): Part {
    const { contracts, pointerOf } = this.#tools
    switch (node.kind) {
      case "call": {
        const { takes, gives, schema } = contracts.ofCall(node)
        if (takes !== undefined) this.#flow(takes, given, here)
        this.#listener.source?.(here.path, schema)
        return gives
      }
      case "choose":
        this.#infer(node.by, here)
        return this.#choice(node.among, given, here)
      case "approve": {
        this.#infer(node.ask.message, here)
        const schema = answerSchema(node.ask.schema)
        this.#listener.source?.(here.path, schema)
        return { type: typeOf(schema), presence: "always" }
      }
      case "value":
        return this.#infer(node.value, {
          ...here,
          pointer: pointerOf(node.value) ?? here.pointer,
        })
      case "graph":
        return this.#inner(node.graph, given, here)
    }
  }

  /** The graph of a called composition is checked with that composition; here only its contract counts. */
  #inner(graph: Graph, given: Given, here: Here): Part {
    const { scope } = here
    if (graph.boundary !== undefined) {
      const { takes, gives, schema } = this.#tools.contracts.ofComposition(graph.boundary)
      if (takes !== undefined) this.#flow(takes, given, here)
      this.#listener.source?.(here.path, schema)
      return gives
    }
    const { self: input = notThere, ...rest } = scope
    const frame = { input, steps: new Map(), outer: scope.frame }
    return this.#graph(graph, { ...here, scope: { ...rest, frame } }).gives
  }

  #choice(
    among: readonly { readonly name: string; readonly node: Node }[],
    given: Given,
    here: Here,
  ): Part {
    const gives = among.map(({ node }) => this.#node(node, { ...given, isChosen: true }, here))
    // Which of them answers is not known, so no value can be said to be valid.
    this.#listener.source?.(here.path, false)
    return eitherPart(gives)
  }

  #flow(into: Taker, { expr, part, role, step, isChosen }: Given, here: Here): void {
    const { path, route } = here
    const pointer = this.#tools.pointerOf(expr) ?? here.pointer
    const at = { pointer, path, route, role, ...(isChosen && { isChosen }) }
    this.#listener.flow?.({ expr, part, into, at }, step)
  }
}

/** What a node is given. */
interface Given {
  readonly expr: Expr
  readonly part: Part
  readonly role: Role
  /** Whose input it is. */
  readonly step: Step | undefined
  readonly isChosen?: true
}

const marks: { readonly [role in Role]: string } = {
  input: "",
  output: "",
  fallback: "!",
  undo: "/~",
  probe: "/?",
}

/** A step that fails for certain ends its graph, but not where others may stand in for it. */
const mayFail = ({ need, partial }: Join): boolean => need !== "all" || partial

/** What failed may be the input itself. */
const unsure = ({ self = notThere, ...scope }: TypeScope): TypeScope => ({
  ...scope,
  self: { ...self, presence: self.presence === "never" ? "never" : "maybe" },
})

const sure = (part: Part): Part =>
  part.presence === "maybe" ? { ...part, presence: "always" } : part

const nullPart: Part = { type: constantType(null), presence: "always" }

const answerSchema = (schema: Json | undefined): JsonSchema =>
  isObject(schema) ? schema : { type: "object" }

const always = (type: Type): Part => ({ type, presence: "always" })
const text = always(textType)

/** A failure, as expressions see it. */
const errorPart = always(
  objectOf(
    new Map<string, Part>([
      ["class", text],
      ["code", text],
      ["message", text],
      ["step", text],
      ["attempts", always(integerType)],
      ["at", text],
      ["effect", text],
      ["tool", { type: textType, presence: "maybe" }],
      ["data", { type: unknown, presence: "maybe" }],
    ]),
  ),
)

/** What stands in the place of an item that failed. */
const keptError = objectOf(
  new Map([
    [
      "error",
      always(
        objectOf(
          new Map([
            ["class", text],
            ["code", text],
            ["message", text],
          ]),
        ),
      ),
    ],
  ]),
)
