import type { Json } from "../../src/schema/json.ts"

/** Keys and values that occur in specs, in every dialect, and some that only look like it. */
export const vocabulary: { readonly keys: string[]; readonly values: Json[] } = {
  keys: [
    ..."pipeline scatterGather saga filter schemaMap mapEach timeout retry cache router".split(" "),
    ..."wireTap recipientList enricher steps targets inner operation action compensate".split(" "),
    ..."tool agent pattern value approve name version server serverVersion target skill".split(" "),
    ..."choose among id input output path reference step stepId constant construct".split(" "),
    ..."fields list merge coalesce paths template vars concat separator each in as ops".split(" "),
    ..."from expr expression condition when predicate field op mappings literal nested".split(" "),
    ..."items items[*].name items[*].tags[*].x listValue values stringValue nullValue".split(" "),
    ..."maxAttempts backoff fixed delayMs durationMs fallback taps transform aggregation".split(
      " ",
    ),
    ..."$comment $ref x-note description __proto__ constructor a~/b".split(" "),
  ],
  values: [
    ...["$", "$.a", "$.s1.x", "$..b[*]", "url", "", "s1", "s2", "fetch", "1.0.0", "^1", "latest"],
    ...["size(s1) > 0", "steps.s1", "input.x", "eq", "spread", "${a} {b}", "items[*].x"],
    ...[0, 1, -1, 1.5, 1e300, true, false, null, [], {}],
    { id: "s1", operation: { tool: { name: "t" } } },
    { id: "s2", operation: { tool: "t", target: "x" }, input: { step: { stepId: "s1" } } },
    { id: "s3", operation: { filter: { predicate: null } }, condition: { expression: "s1 == 1" } },
    { input: { path: "$.a" } },
    { coalesce: { paths: ["$.s1.x", "$.y"] } },
    { constant: { stringValue: "x" } },
    { expression: "s1 + input.x" },
    { tool: "t" },
    { tool: { name: "t", target: "s" } },
    { agent: { name: "a", skill: "s" } },
    { schemaMap: { mappings: { items: { path: "$" }, "items[*].id": { path: "$.id" } } } },
    { template: "${a}", vars: { a: "$.a" } },
    { coalesce: ["$.a", "$.b"] },
    { literal: { listValue: { values: [{ boolValue: true }] } } },
    { path: "$", nested: { mappings: {} } },
    { fixed: { delayMs: 1 } },
    { field: "$", op: "in", value: { listValue: { values: [] } } },
  ],
}
