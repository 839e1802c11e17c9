import type { Problem } from "../../registry/problem.ts"
import { kinds } from "../../schema/subsume/clauses/kinds.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import type { Part } from "../../schema/types/type.ts"
import type { Expr, Op, PredicateExpr, Root } from "../expr/expr.ts"
import { partsOf } from "../expr/parts.ts"
import { infer, inferFlow } from "./infer.ts"
import { inferOp, rowsIn } from "./infer-ops.ts"
import { noArray, noPath, noRoot, rootWords, weightless } from "./inspect-words.ts"
import { misstepAlong, misstepIn } from "./misstep.ts"
import { pathsInCel } from "./paths-in-cel.ts"
import { seenOf, stepIn, type TypeScope } from "./type-scope.ts"

/** Where an expression, or a part of one, stands. */
interface Place {
  readonly scope: TypeScope
  readonly pointer: string
}

type Of<K extends Expr["kind"]> = Extract<Expr, { kind: K }>
type Findings = Iterable<Problem>

/** Finds what cannot come to anything in expressions: paths to what is never there, ops on what is no array. */
export class Inspection {
  readonly #anatomy: Anatomy
  readonly #pointerOf: (part: object) => string | undefined

  constructor(anatomy: Anatomy, pointerOf: (part: object) => string | undefined) {
    this.#anatomy = anatomy
    this.#pointerOf = pointerOf
  }

  /** `around` is the pointer of what holds the expression. */
  look(expr: Expr, scope: TypeScope, around: string): Findings {
    const place: Place = { scope, pointer: this.#pointerOf(expr) ?? around }
    switch (expr.kind) {
      case "path":
        return this.#root(expr, place)
      case "step": {
        const found = stepIn(scope.frame, expr.step, expr.up)
        return this.#path(expr.path, found && seenOf(found), stepWords(expr.step), place)
      }
      case "each":
        return this.#each(expr, place)
      case "over":
        return this.#over(expr, place)
      case "ops":
        return this.#ops(expr, place)
      case "results":
        return expr.of.flatMap(({ step, output = "$" }) => {
          const found = scope.frame.steps.get(step)
          return [...this.#path(output, found && seenOf(found), stepWords(step), place)]
        })
      case "cel":
        return this.#cel(expr.source, place)
      case "predicate":
        return this.#predicate(expr, place)
      default:
        return partsOf(expr).flatMap((part) => [...this.look(part, scope, place.pointer)])
    }
  }

  /** What is gone through must be an array. */
  list({ type, presence }: Part, what: string, pointer: string): Findings {
    const mayBeList = (this.#anatomy.kindsOf(type) & kinds.array) !== 0
    return presence === "never" || mayBeList ? [] : [noArray(what, pointer)]
  }

  #root({ of, path }: Of<"path">, place: Place): Findings {
    const root = rootOf(place.scope, of)
    return root === undefined
      ? [noRoot(of, place.pointer)]
      : this.#path(path, root, rootWords[of], place)
  }

  #path(path: string, root: Part | undefined, words: string, { pointer }: Place): Findings {
    const misstep = root && misstepIn(path, root, this.#anatomy)
    return misstep ? [noPath(misstep, { words, pointer, isSure: true }, this.#anatomy)] : []
  }

  *#each({ in: over, as, orOne }: Of<"each">, { scope, pointer }: Place): Findings {
    yield* this.look(over, scope, pointer)
    const list = infer(over, scope, this.#anatomy)
    if (!orOne) yield* this.list(list, "each", pointer)
    if (list.presence === "never") return
    const { type } = this.#anatomy.items(list.type) ?? list
    yield* this.look(as, { ...scope, item: { type, presence: "always" } }, pointer)
  }

  *#over({ of, as }: Of<"over">, { scope, pointer }: Place): Findings {
    yield* this.look(of, scope, pointer)
    yield* this.look(as, { ...scope, self: infer(of, scope, this.#anatomy) }, pointer)
  }

  *#ops({ from, ops }: Of<"ops">, { scope, pointer }: Place): Findings {
    yield* this.look(from, scope, pointer)
    let flow = inferFlow({ from, ops }, scope, this.#anatomy)
    let hasWeights = from.kind === "results"
    for (const op of ops) {
      const rows = rowsIn(flow, this.#anatomy)
      if (rows === undefined) {
        if (flow.kind === "value") yield* this.list(flow.part, op.op, pointer)
        return
      }
      const item: Part = { type: rows.type, presence: rows.length.max === 0 ? "never" : "always" }
      yield* this.#op(op, item, { scope: { ...scope, item }, pointer })
      const weighs = op.op === "vote" && op.by === "highest_weight"
      if (weighs && !hasWeights) yield weightless(pointer)
      hasWeights &&= op.op !== "flatten" && op.op !== "rrf"
      flow = inferOp(op, rows, this.#anatomy)
    }
  }

  #op(op: Op, item: Part, place: Place): Findings {
    switch (op.op) {
      case "filter":
        return this.look(op.if, place.scope, place.pointer)
      case "select":
        return Object.values(op.fields).flatMap((path) => [
          ...this.#path(path, item, rootWords.item, place),
        ])
      case "sort":
      case "vote":
        return this.#path(op.field, item, rootWords.item, place)
      case "dedupe":
        if (op.near !== undefined) return this.look(op.near.vectors, place.scope, place.pointer)
        return this.#path(op.field, item, rootWords.item, place)
      case "rrf":
        return this.list(item, "rrf", place.pointer)
      case "flatten":
      case "concat":
      case "merge":
      case "limit":
        return []
    }
  }

  *#predicate({ of, field }: PredicateExpr, place: Place): Findings {
    yield* this.look(of, place.scope, place.pointer)
    const tested = infer(of, place.scope, this.#anatomy)
    yield* this.#path(field, tested, "what is tested", place)
  }

  *#cel(source: string, place: Place): Findings {
    for (const path of pathsInCel(source)) {
      const [id = "", ...keys] = path.keys
      if (path.root === "steps") {
        const step = stepNamed(place.scope, id)
        if (step !== undefined) yield* this.#along(keys, step, stepWords(id), path.isSure, place)
      } else if (isRoot(path.root)) {
        const part = rootOf(place.scope, path.root)
        if (part !== undefined)
          yield* this.#along(path.keys, part, rootWords[path.root], path.isSure, place)
        else if (path.isSure) yield noRoot(path.root, place.pointer)
      }
    }
  }

  #along(
    keys: readonly string[],
    part: Part,
    words: string,
    isSure: boolean,
    { pointer }: Place,
  ): Findings {
    const misstep = misstepAlong(keys, part, this.#anatomy)
    return misstep ? [noPath(misstep, { words, pointer, isSure }, this.#anatomy)] : []
  }
}

const stepWords = (id: string) => `step ${JSON.stringify(id)}`

const isRoot = (name: string): name is Root => Object.hasOwn(rootWords, name)

const rootOf = (scope: TypeScope, root: Root): Part | undefined =>
  root === "input" ? scope.frame.input : scope[root]

/** In its own graph, then outwards. */
function stepNamed({ frame }: TypeScope, id: string): Part | undefined {
  for (let at: typeof frame | undefined = frame; at !== undefined; at = at.outer) {
    const step = at.steps.get(id)
    if (step !== undefined) return seenOf(step)
  }
  return
}
