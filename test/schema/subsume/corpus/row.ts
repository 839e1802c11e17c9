import type { JsonObject, JsonSchema } from "../../../../src/schema/json.ts"

/** Whether every value that fits the first fits the second; `unknown` where we do not claim to tell. */
export type Row = readonly [from: JsonSchema, to: JsonSchema, answer: "yes" | "no" | "unknown"]

/** The keywords of a condition. They are put together here because objects with a `then` look like promises. */
export const condition = (
  test: JsonSchema,
  { so, otherwise }: { readonly so?: JsonSchema; readonly otherwise?: JsonSchema },
): JsonObject =>
  Object.fromEntries([
    ["if", test],
    ...(so === undefined ? [] : [["then", so] as const]),
    ...(otherwise === undefined ? [] : [["else", otherwise] as const]),
  ])
