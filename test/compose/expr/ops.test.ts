import { describe, expect, test } from "vitest"
import { bind } from "../../../src/compose/expr/bind.ts"
import { bindOps } from "../../../src/compose/expr/bind-ops.ts"
import { evaluate } from "../../../src/compose/expr/evaluate.ts"
import type { Expr } from "../../../src/compose/expr/expr.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import type { Json } from "../../../src/schema/json.ts"
import { placeIn, scopeOf, yieldOf } from "../../support/exprs.ts"

/** What the ops make of an array that came from nowhere in particular. */
function applied(ops: readonly Json[], from: Json, steps: { readonly [id: string]: Json } = {}) {
  const place = placeIn({ steps })
  const expr: Expr = {
    kind: "ops",
    from: { kind: "constant", value: from },
    ops: bindOps(ops, place, bind),
  }
  return evaluate(expr, scopeOf({ steps }))
}

const made = (ops: readonly Json[], from: Json, steps?: { readonly [id: string]: Json }): Json => {
  const evaluated = applied(ops, from, steps)
  if (!evaluated.ok) return `${evaluated.error.class}: ${evaluated.error.message}`
  return evaluated.value === undefined ? "absent" : evaluated.value
}

describe("An op on an array", () => {
  test.each<[string, Json, Json, Json]>([
    [
      "flatten: one level, others stay",
      { flatten: true },
      [[1, [2]], 3, { a: [4] }],
      [1, [2], 3, { a: [4] }],
    ],
    ["flatten: nothing", { flatten: true }, [], []],
    ["flatten: false does nothing", { flatten: false }, [[1]], [[1]]],
    ["concat: keeps the lists", { concat: true }, [[1], [2]], [[1], [2]]],
    ["concat: makes an array of another value", { concat: true }, { a: 1 }, [{ a: 1 }]],
    [
      "merge: later wins, shallow",
      { merge: true },
      [{ a: { x: 1 }, b: 1 }, 5, { a: { y: 2 } }],
      { a: { y: 2 }, b: 1 },
    ],
    ["merge: of no objects", { merge: true }, [1, "a"], {}],
    [
      "filter: by a predicate",
      { filter: { field: "$.n", op: "gt", value: 1 } },
      [{ n: 1 }, { n: 2 }, {}],
      [{ n: 2 }],
    ],
    [
      "filter: by an expression",
      { filter: "item.n > 1 && index < 3" },
      [{ n: 2 }, { n: 1 }, { n: 3 }, { n: 4 }],
      [{ n: 2 }, { n: 3 }],
    ],
    ["limit", { limit: 2 }, [1, 2, 3], [1, 2]],
    ["limit: in its older spelling", { limit: { count: 1 } }, [1, 2], [1]],
    ["limit: more than there are", { limit: 9 }, [1], [1]],
    [
      "select: absent is left out",
      { select: { t: "$.title", ids: "$.x[*].id" } },
      [{ title: "a" }, 3],
      [{ t: "a", ids: [] }, { ids: [] }],
    ],
    [
      "dedupe: by a field, the first stays",
      { dedupe: { field: "$.id" } },
      [{ id: 1, v: 1 }, { id: 2 }, { id: 1, v: 2 }],
      [{ id: 1, v: 1 }, { id: 2 }],
    ],
    [
      "dedupe: items without it are kept",
      { dedupe: { field: "$.id" } },
      [{}, {}, { id: null }, { id: null }],
      [{}, {}, { id: null }],
    ],
    [
      "dedupe: as a whole, whatever the order of keys",
      { dedupe: {} },
      [{ a: 1, b: 2 }, { b: 2, a: 1 }, 1, "1"],
      [{ a: 1, b: 2 }, 1, "1"],
    ],
    [
      "dedupe: the last, in the place of the first",
      { dedupe: { field: "$.id", keep: "last" } },
      [{ id: 1, v: 1 }, { id: 2 }, { id: 1, v: 2 }],
      [{ id: 1, v: 2 }, { id: 2 }],
    ],
    [
      "dedupe: the best by score",
      { dedupe: { field: "$.id", keep: "best" } },
      [{ id: 1 }, { id: 1, score: 2 }, { id: 1, score: 2, late: true }],
      [{ id: 1, score: 2 }],
    ],
    [
      "dedupe: the best by another field",
      { dedupe: { field: "$.id", keep: "highest_score", by: "$.n" } },
      [
        { id: 1, n: 9 },
        { id: 1, n: 10 },
      ],
      [{ id: 1, n: 10 }],
    ],
    [
      "dedupe: the most complete",
      { dedupe: { field: "$.id", keep: "most_complete" } },
      [{ id: 1 }, { id: 1, a: 1 }, { id: 1, b: 1 }],
      [{ id: 1, a: 1 }],
    ],
    [
      "sort: numbers",
      { sort: { field: "$.n" } },
      [{ n: 10 }, { n: 9 }, { n: -1 }],
      [{ n: -1 }, { n: 9 }, { n: 10 }],
    ],
    [
      "sort: all kinds, what is missing last",
      { sort: { field: "$.n" } },
      [{}, { n: { a: 1 } }, { n: [1] }, { n: "a" }, { n: 2 }, { n: true }, { n: null }],
      [{ n: null }, { n: true }, { n: 2 }, { n: "a" }, { n: [1] }, { n: { a: 1 } }, {}],
    ],
    [
      "sort: falling, what is missing last",
      { sort: { field: "$.n", order: "desc" } },
      [{}, { n: 1 }, { n: 2 }],
      [{ n: 2 }, { n: 1 }, {}],
    ],
    [
      "sort: stable in both orders",
      { sort: { field: "$.n", order: "desc" } },
      [
        { n: 1, at: 1 },
        { n: 1, at: 2 },
      ],
      [
        { n: 1, at: 1 },
        { n: 1, at: 2 },
      ],
    ],
    ["vote: all answers", { vote: { by: "all" } }, ["a"], [{ value: "a", weight: 1, source: "0" }]],
    [
      "vote: the larger group",
      { vote: { by: "weighted_vote", field: "$.v" } },
      [{ v: 1 }, { v: 2, at: 1 }, { v: 2, at: 2 }],
      { v: 2, at: 1 },
    ],
    ["vote: ties go to the earlier", { vote: { by: "weighted_vote" } }, ["b", "a"], "b"],
  ])("%s", (_, op, from, expected) => {
    expect(made([op], from)).toEqual(expected)
  })

  test.each<[string, readonly Json[], Json, RegExp]>([
    ["of what is none", [{ flatten: true }], "text", /^binding: flatten needs an array$/],
    ["after merge", [{ merge: true }, { limit: 1 }], [{}], /^binding: limit needs an array$/],
    ["rrf of what are no lists", [{ rrf: { field: "$" } }], [1], /^binding: rrf fuses lists/],
    ["a vote without answers", [{ vote: { by: "quorum" } }], [], /^binding: there is no answer/],
    [
      "vectors that do not fit",
      [{ dedupe: { vectors: { constant: [[1]] } } }],
      [1, 2],
      /^binding: dedupe needs an array of 2 vectors/,
    ],
    [
      "vectors of several lengths",
      [{ dedupe: { vectors: { constant: [[1], [1, 2]] } } }],
      [1, 2],
      /^binding: .* all of one length$/,
    ],
    [
      "too many vectors",
      [{ dedupe: { vectors: { constant: [] } } }],
      Array.from({ length: 501 }, () => 1),
      /^budget: .*maxVectors/,
    ],
  ])("fails: %s", (_, ops, from, expected) => {
    expect(made(ops, from)).toMatch(expected)
  })

  test("drops items of which the condition fails, and counts them", () => {
    const evaluated = applied([{ filter: "item.n > 1" }], [{ n: 2 }, {}, { n: "a" }, { n: 0 }])
    expect(evaluated).toEqual({
      ok: true,
      value: [{ n: 2 }],
      notes: [{ kind: "dropped", items: 2 }],
    })
  })

  test("takes items for the same whose vectors point the same way", () => {
    const vectors = [
      [1, 0],
      [0, 1],
      [2, 0.1],
      [0, 0],
      [0, 0],
    ]
    const ops = (keep: string) => [
      { dedupe: { vectors: { reference: { step: "embed" } }, threshold: 0.9, keep } },
    ]
    expect(made(ops("first"), ["a", "b", "c", "d", "e"], { embed: vectors })).toEqual([
      "a",
      "b",
      "d",
      "e",
    ])
    expect(made(ops("last"), ["a", "b", "c", "d", "e"], { embed: vectors })).toEqual([
      "c",
      "b",
      "d",
      "e",
    ])
  })

  test("compares and sorts values whose strings are no Unicode", () => {
    expect(made([{ dedupe: {} }], ["\ud800", "\ud800", "\ud801"])).toEqual(["\ud800", "\ud801"])
  })

  test("works one after the other", () => {
    const ops = [
      { flatten: true },
      { sort: { field: "$.n" } },
      { limit: 2 },
      { select: { v: "$.n" } },
    ]
    expect(made(ops, [[{ n: 3 }], [{ n: 1 }, { n: 2 }]])).toEqual([{ v: 1 }, { v: 2 }])
  })

  test.each([
    ["rrf after flatten", [{ flatten: true }, { rrf: { field: "$" } }], ["op_type /1"]],
    ["an array op after merge", [{ merge: true }, { limit: 1 }], ["op_type /1"]],
    ["concat after merge", [{ merge: true }, { concat: true }, { limit: 1 }], []],
    ["rrf first", [{ rrf: { field: "$" } }, { limit: 1 }], []],
  ])("is held against what the ones before make: %s", (_, ops, expected) => {
    const problems: Problem[] = []
    bindOps(ops, placeIn({}, problems), bind)
    expect(problems.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(expected)
  })
})

describe("An op on the results of targets", () => {
  const results = (
    ops: readonly Json[],
    values: { readonly [id: string]: Json },
    failed: readonly string[] = [],
  ) => {
    const ids = ["a", "b", "c"]
    const weights: { readonly [id: string]: number } = { a: 1, b: 1.5, c: 2 }
    const expr: Expr = {
      kind: "ops",
      from: {
        kind: "results",
        of: ids.map((step) => ({ step, weight: weights[step] ?? 1, output: "$.list" })),
      },
      ops: bindOps(ops, placeIn({}), bind),
    }
    const without = Object.fromEntries(failed.map((id) => [id, "failed" as const]))
    return evaluate(expr, scopeOf({ steps: values, without }))
  }

  test("sees those that succeeded and have an output, in the order of the targets", () => {
    const values = { c: { list: [3] }, b: { other: 1 }, a: { list: [1] } }
    expect(results([{ flatten: true }], values)).toMatchObject({ value: [1, 3] })
    expect(results([{ concat: true }], { c: { list: [3] } }, ["a"])).toMatchObject({ value: [[3]] })
  })

  test("fuses ranked lists by the weights of their targets", () => {
    const values = {
      a: { list: [{ u: "x" }, { u: "y" }] },
      b: { list: [{ u: "y", from: "b" }, { u: "z" }, { u: "y" }] },
    }
    // y: 1/62 + 1.5/61, z: 1.5/62, x: 1/61
    expect(results([{ rrf: { field: "$.u" } }], values)).toMatchObject({
      value: [{ u: "y" }, { u: "z" }, { u: "x" }],
    })
  })

  test("keeps items of the same score in the order of the targets", () => {
    const values = { a: { list: ["x"] }, c: { list: ["y"] } }
    const ops = [{ rrf: { field: "$.lost", k: 0 } }]
    expect(results(ops, { a: values.a, b: { list: [] } })).toMatchObject({ value: ["x"] })
    expect(results([{ rrf: { field: "$" } }], { a: { list: ["x", "y"] } })).toMatchObject({
      value: ["x", "y"],
    })
  })

  test.each<[string, Json, { readonly [id: string]: Json }, object]>([
    [
      "the heaviest",
      { by: "highest_weight" },
      { a: { list: "x" }, b: { list: "y" } },
      { value: "y" },
    ],
    [
      "the heaviest group",
      { by: "weighted_vote" },
      { a: { list: "x" }, b: { list: "x" }, c: { list: "y" } },
      { value: "x" },
    ],
    [
      "a quorum",
      { by: "quorum", minWeight: 2.5 },
      { a: { list: "x" }, b: { list: "x" }, c: { list: "y" } },
      { value: "x" },
    ],
    [
      "no quorum",
      { by: "quorum", minWeight: 3 },
      { a: { list: "x" }, b: { list: "x" } },
      { ok: false, error: { class: "binding" } },
    ],
    [
      "too few answers",
      { by: "highest_weight", minWeight: 3 },
      { a: { list: "x" } },
      { ok: false, error: { class: "binding" } },
    ],
    [
      "all",
      { by: "all" },
      { b: { list: "x" } },
      { value: [{ value: "x", weight: 1.5, source: "b" }] },
    ],
    [
      "a conflict",
      { by: "weighted_vote", conflictThreshold: 0.4 },
      { a: { list: "x" }, b: { list: "y" } },
      { value: "y", notes: [{ kind: "conflict", winner: 0.6, rival: 0.4 }] },
    ],
    [
      "no conflict",
      { by: "weighted_vote", conflictThreshold: 0.5 },
      { a: { list: "x" }, b: { list: "y" } },
      { value: "y", notes: [] },
    ],
  ])("votes: %s", (_, vote, values, expected) => {
    expect(results([{ vote }], values)).toMatchObject(expected)
  })

  test.each<[string, Json]>([
    ["sorted", { sort: { field: "$.whole" } }],
    ["told apart", { dedupe: { field: "$.n", keep: "best", by: "$.whole" } }],
  ])("values are not written out again and again to be %s", (_, op) => {
    const items = Array.from({ length: 3_000 }, (_, n) => ({ n: n % 2 }))
    const fields = { n: { item: { path: "$.n" } }, whole: { path: "$" } }
    const each = { each: { in: { path: "$" }, as: { construct: { fields } } } }
    expect(yieldOf({ ops: { from: each, ops: [op] } }, { input: items })).toMatch(/^budget: /)
  })
})
