import type { Dependency, Ref } from "../../registry/model.ts"
import type { Json, JsonObject, JsonSchema } from "../../schema/json.ts"
import type { Expr } from "../expr/expr.ts"
import type { Policies, Retry } from "./policies.ts"

/**
 * What a composition is to the interpreter, whatever pattern it was written in: one graph whose steps do one of a few
 * things under a fixed nesting of policies. Plain JSON without undefined members, so that it can be stored and read
 * back; never changed. A run is pinned to its plan by the digest.
 */
export interface Plan {
  /** Of this form; a stored plan of another one is not understood. */
  readonly language: 1
  readonly tool: Ref
  readonly root: Graph
  /** Holds a saga, a question to a person or a `once`: journaled as a whole. Others never touch the journal. */
  readonly durable: boolean
  /** `sha256:` and 64 hex digits over the canonical JSON (RFC 8785) of all other members. */
  readonly digest: string
}

/**
 * Steps that run as soon as those they wait for have settled, ready ones in this order. Its input is that of the step
 * that holds it; of the root, the arguments of the call.
 */
export interface Graph {
  readonly kind: "pipeline" | "scatter" | "saga"
  /** Set where a composition begins: on the root, and on every composition that is called inside. */
  readonly boundary?: Boundary
  readonly steps: readonly Step[]
  readonly join: Join
  /** The graph's value; absent becomes null. */
  readonly output: Expr
  /** The step whose result as it came (images, links) is that of the graph, if one is. */
  readonly rawOf?: string
  /** Forward budget of the whole graph. */
  readonly timeoutMs?: number
  readonly maxParallel: number
  readonly saga?: SagaOptions
}

/** The line between a composition and what calls it: nothing outside is seen from inside. */
export interface Boundary {
  readonly tool: Ref
  /** What calls inside are permitted by, never by the rights of the caller. Exact versions. */
  readonly depends: readonly Dependency[]
  /** Applied to the input before anything else. */
  readonly defaults?: Defaults
  /**
   * Of a composition called inside another, where the call line does not see to it, as are both schemas: an input that
   * is no object is taken as `{ [wrap]: input }`; absent, it does not fit the schema.
   */
  readonly wrap?: string
  /** Self-contained. */
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
}

/** The schema's `default`s of one object, by property. */
export interface Defaults {
  readonly [property: string]: {
    /** Taken where the property is absent. */
    readonly value?: Json
    /** Of the object that the property is, its own or the default just taken. */
    readonly inside?: Defaults
  }
}

/** When a graph stops waiting, and what is a success. Pipelines and sagas: all, all, true, false. */
export interface Join {
  /** Successes waited for; `all`: until every step has settled. */
  readonly wait: "all" | number
  /** Successes needed. */
  readonly need: "all" | number
  /** The first failure aborts the rest and is the error. */
  readonly failFast: boolean
  /** One success is enough where `need` was not reached. */
  readonly partial: boolean
}

export interface SagaOptions {
  /** The id that a second call attaches by: a string or an integer. */
  readonly id?: Expr
  /** Absent: `finish` where the call has a key to attach by, else `compensate`. */
  readonly onCancel?: "compensate" | "finish"
  readonly onCompensateFailure: "continue" | "stop"
}

/**
 * The worst that may happen in a step: `read` changes nothing, `idempotent` may be repeated, `effect` is known to change
 * something each time, and `unproven` says nothing of itself and counts as `effect`.
 */
export type Effect = "read" | "idempotent" | "unproven" | "effect"

export interface Step {
  /** Unique in its graph; with those of the steps around it the step's path, `book/flight`. */
  readonly id: string
  /** For people. */
  readonly name?: string
  /** Steps of this graph that must have settled before; without those that follow from others. */
  readonly after: readonly string[]
  /** With `forEach` computed for each item. */
  readonly input: Expr
  readonly node: Node
  readonly policies: Policies
  /** Of the node, and of all that the policies may run. */
  readonly effect: Effect
  /**
   * Whatever is given to the node fits what it takes. Proved from the schemas of what the input is computed of: only
   * as true as they are of the values in a run.
   */
  readonly isProven?: true
  /** Of steps of a saga, the two below as well. */
  readonly undo?: Undo
  /** Once this step has succeeded, the saga only goes forward. */
  readonly pivot?: true
  /** Of steps of a saga that may have an effect. */
  readonly onUnknown?: "retry" | "compensate" | "park" | Probe
}

/** What a step does. `choose` becomes one of its candidates when it runs. */
export type Node =
  | CallNode
  | ChooseNode
  | { readonly kind: "approve"; readonly ask: Ask }
  /** Computed with the step's input as `self`. */
  | { readonly kind: "value"; readonly value: Expr }
  | GraphNode

export interface GraphNode {
  readonly kind: "graph"
  readonly graph: Graph
}

/** The only node that touches the world. */
export interface CallNode {
  readonly kind: "call"
  readonly target: Target
  readonly effect: Effect
  /** An input that is no object is sent as `{ [wrap]: input }`; absent: it fails with class `binding`. */
  readonly wrap?: string
  /** The server that a registered tool is on. */
  readonly server?: Ref
  /** How the target takes an idempotency key, if it declares it: as of `ToolSource.idempotency`. */
  readonly idempotency?: JsonObject
}

/** What is called, in the exact version that the `depends` of its composition gives. */
export type Target =
  | { readonly kind: "tool"; readonly name: string; readonly version?: string }
  | {
      readonly kind: "agent"
      readonly name: string
      readonly version?: string
      readonly skill: string
    }
  /** A tool of a server past the registry, under the server's name for it. */
  | {
      readonly kind: "direct"
      readonly server: string
      readonly serverVersion?: string
      readonly tool: string
    }

/** Data decides: the value of `by` names a candidate. Any other name is refused with class `denied`. */
export interface ChooseNode {
  readonly kind: "choose"
  /** A string. Computed with the step's input as `self`. */
  readonly by: Expr
  readonly among: readonly Candidate[]
}

export interface Candidate {
  readonly name: string
  readonly node: CallNode | GraphNode
}

/** A question to a person. */
export interface Ask {
  /** A string. Computed with the step's input as `self`. */
  readonly message: Expr
  /** Of the answer: one flat object. */
  readonly schema?: Json
  readonly to: "caller" | "operator"
  readonly timeoutMs: number
}

/** What undoes a step of a saga after it was done. */
export interface Undo {
  readonly node: Node
  /** `self` is the input of the action; its value is that of the step, absent if the outcome is unknown. */
  readonly input: Expr
  /** Without `maxAttempts`: until the budget of compensation is used up. */
  readonly retry: Omit<Retry, "maxAttempts"> & { readonly maxAttempts?: number }
  readonly timeoutMs?: number
  readonly effect: Effect
  /** Runs as well when the action failed for certain. */
  readonly onFailure?: true
}

/** Finds out whether an action whose outcome is unknown has happened. */
export interface Probe {
  readonly probe: Node
  /** `self` is the input of the action. */
  readonly input: Expr
  /** True when it has; `item` is the probe's value. */
  readonly done: Expr
}
