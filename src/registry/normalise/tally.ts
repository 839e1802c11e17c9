import { isObject, type Json, keysOf } from "../../schema/json.ts"
import type { Problem } from "../problem.ts"
import { type DialectForm, dialectForms } from "./dialect-forms.ts"
import { step } from "./pointer.ts"

/** Counts the dialect forms of a document and knows where each occurs first. */
export interface Tally {
  readonly note: (form: DialectForm, pointer: string) => void
  /** One `dialect_form` per form that occurred. */
  readonly problems: (tree: Json) => Problem[]
}

/** Entities must be noted in the order of the document; within an entity any order will do. */
export function createTally(): Tally {
  const seen = new Map<DialectForm, { count: number; readonly firsts: string[] }>()
  return {
    note: (form, pointer) => {
      const entry = seen.get(form)
      if (entry === undefined) {
        seen.set(form, { count: 1, firsts: [pointer] })
        return
      }
      entry.count++
      // Only what stands in the same entity can still stand before the first one that was noted.
      if (entity(pointer) === entity(entry.firsts[0] ?? "")) entry.firsts.push(pointer)
    },
    problems: (tree) =>
      dialectForms.flatMap((form) => {
        const entry = seen.get(form)
        return entry === undefined ? [] : [dialectProblem(form, entry, tree)]
      }),
  }
}

const entity = (pointer: string) => /^\/[^/]*\/[^/]*/.exec(pointer)?.[0] ?? pointer

function dialectProblem(
  form: DialectForm,
  { count, firsts }: { readonly count: number; readonly firsts: readonly string[] },
  tree: Json,
): Problem {
  const pointer = firsts.reduce((a, b) => (isBefore(tree, b, a) ? b : a))
  return {
    code: "dialect_form",
    severity: "info",
    pointer,
    message: `${form} is not the canonical spelling${count === 1 ? "" : `; it is used ${count} times`}`,
    hint: "postern migrate rewrites it",
    data: { form, count },
  }
}

/** Whether `left` is written before `right`, both pointers into `tree`. */
function isBefore(tree: Json, left: string, right: string): boolean {
  const [a, b] = [keysOf(left), keysOf(right)]
  let node: Json | undefined = tree
  for (const [depth, key] of a.entries()) {
    const other = b[depth]
    if (other === undefined) return false
    if (key !== other) return place(node, key) < place(node, other)
    node = step(node, key)
  }
  return true
}

const place = (node: Json | undefined, key: string): number =>
  isObject(node) ? Object.keys(node).indexOf(key) : Number(key)
