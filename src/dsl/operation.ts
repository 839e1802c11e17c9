import type { Json, JsonObject } from "../registry/model.ts"
import { refers } from "./definition.ts"
import { each, membersOf } from "./members.ts"
import { madeBy, madeWith } from "./site.ts"
import type { Message } from "./spelled.ts"
import { type Value, valueJson } from "./value.ts"
import { walk } from "./walk.ts"

declare const operationType: unique symbol

/** What a step, a target or a pattern does: a tool, the skill of an agent, a pattern inside, a value, a question. */
export interface Operation<I = unknown, O = unknown> {
  readonly [operationType]: { readonly input: I; readonly output: O }
}

/** An operation that calls something registered. */
export interface Callable<I = unknown, O = unknown> extends Operation<I, O> {
  readonly name: string
  readonly version: string | undefined
}

interface Call {
  readonly member: "tool" | "agent"
  /** As a spec has it. */
  readonly call: JsonObject
  /** As `depends` has it. */
  readonly dependency: JsonObject
}

const written = new WeakMap<object, JsonObject>()
const calls = new WeakMap<object, Call>()

/** Makes `value` an operation. The one cast: what it takes and gives are types alone. */
export function operates<T extends object, I, O>(value: T, json: JsonObject): T & Operation<I, O> {
  written.set(value, json)
  return value as T & Operation<I, O>
}

/** Makes `value` an operation that calls what `owner` stands for. */
export function callsWith<T extends object, I, O>(
  value: T,
  owner: object,
  { member, call, dependency }: Call,
): T & Operation<I, O> {
  const made = refers({ ...call }, owner)
  calls.set(made, { member, call, dependency })
  calls.set(value, { member, call, dependency })
  return operates(refers(value, owner), { [member]: made })
}

/** The operations as `depends`, written where `part` was. */
export const dependsJson = (callables: readonly object[], part: object): readonly JsonObject[] =>
  callables.map((each) => dependencyJson(each, part))

function dependencyJson(callable: object, part: object): JsonObject {
  const call = calls.get(callable)
  if (call === undefined) throw new TypeError("depends takes tools, and skills of agents")
  return refers(madeWith(part, { ...call.dependency }), callable)
}

/** What a spec calls, as `depends`: each once, in the order in which the calls stand there, written where they are. */
export function derivedDepends(spec: unknown): readonly JsonObject[] {
  const found = new Map<string, JsonObject>()
  for (const { part, around } of walk(spec)) {
    const call = calls.get(part)
    const key = call && JSON.stringify(call.dependency)
    if (key !== undefined && !found.has(key)) found.set(key, dependencyJson(part, around))
  }
  return [...found.values()]
}

const isObject = (given: unknown): given is object => typeof given === "object" && given !== null

export const isOperation = (given: unknown): given is Operation =>
  isObject(given) && written.has(given)

/** An operation as a document has it. What is none stays as it is, for `validate` to judge. */
export const operationJson = (given: unknown): Json =>
  (isObject(given) ? written.get(given) : undefined) ?? (given as Json)

/** The call alone, for members that hold nothing but tools: `deadLetterTool`, `embedder`. */
export const callJson = (given: unknown): Json =>
  (isObject(given) ? written.get(given)?.["tool"] : undefined) ?? (given as Json)

/** The same with its version in the call itself: needed where a composition calls two versions of one tool. */
export function pinned<I, O>(operation: Callable<I, O>): Callable<I, O> {
  const { name, version } = operation
  const known = calls.get(operation)
  if (known === undefined || version === undefined)
    throw new TypeError(`${name} has no version that could be pinned`)
  const call = { ...known.call, version }
  return callsWith(Object.freeze({ name, version }), operation, { ...known, call })
}

/** A value that is made of others and called by nobody. */
export const value = (of: Value): Operation => operates({}, { value: valueJson(of) })

export interface Approval {
  /** The question. */
  readonly message: Message
  /** Of what is answered: an object with plain members. */
  readonly schema?: JsonObject
  readonly to?: "caller" | "operator"
  readonly timeoutMs?: number
}

/** A question that a person answers before the composition goes on. */
export function approve(approval: Approval): Operation {
  const message = (given: unknown) => (typeof given === "string" ? given : valueJson(given))
  return operates({}, { approve: madeBy(approve, membersOf(approval, { message })) })
}

/** A tool that data names when the composition runs, among its `depends` or these. */
export function choose(name: Value, among?: readonly Callable[]): Operation {
  const call = { choose: valueJson(name), ...(among && { among: each(callJson)(among) }) }
  return operates({}, { tool: madeBy(choose, call) })
}
