import type { Problem } from "../../registry/problem.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import type { Root } from "../expr/expr.ts"
import type { Misstep } from "./misstep.ts"

/** What is said of what cannot come to anything in an expression. */

export const rootWords: { readonly [root in Root]: string } = {
  input: "the input",
  self: "the input of the step",
  item: "the item",
  error: "the error",
}

const scopes: { readonly [root in Root]: string } = {
  input: "a composition has an input",
  self: "a step's own input is there after it was computed: in policies, fallbacks and compensations",
  item: "an item is there in forEach, in each and in conditions on items",
  error: "an error is there in onError and in the condition of retry",
}

export const noRoot = (root: Root, pointer: string): Problem => ({
  code: "path_missing",
  severity: "error",
  pointer,
  message: `there is no ${root} here`,
  hint: scopes[root],
})

/** Where a path goes: what it begins at, and whether it is gone along for certain. */
export interface Course {
  readonly words: string
  readonly pointer: string
  readonly isSure: boolean
}

const namesMax = 8

export function noPath(
  { key, whole, isCertain, near }: Misstep,
  { words, pointer, isSure }: Course,
  anatomy: Anatomy,
): Problem {
  const name = JSON.stringify(key)
  const names = anatomy.names(whole).slice(0, namesMax)
  const there = names.length === 0 ? "what it is looked for in has no such parts" : names.join(", ")
  const code = "path_missing"
  if (!isCertain)
    return {
      code,
      severity: "info",
      pointer,
      message: `the schema of ${words} says nothing of ${name}`,
      hint: `did you mean ${near}?`,
    }
  return {
    code,
    // What an expression may never come to is no error.
    severity: isSure ? "error" : "warn",
    pointer,
    message: `${words} never has ${name} there`,
    hint: near === undefined ? `there is: ${there}` : `did you mean ${near}?`,
  }
}

export const noArray = (what: string, pointer: string): Problem => ({
  code: "op_type",
  severity: "error",
  pointer,
  message: `${what} needs an array, and what it is given never is one`,
  hint: "name the array inside of it, such as $.results",
})

export const weightless = (pointer: string): Problem => ({
  code: "op_type",
  severity: "error",
  pointer,
  message: "vote looks for the heaviest answer, and the items here all weigh the same",
  hint: "vote on the results of targets with weights, or by weighted_vote",
})
