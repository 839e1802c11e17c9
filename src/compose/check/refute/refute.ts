import { step } from "../../../registry/normalise/pointer.ts"
import { type Fault, isOwnFault } from "../../../schema/fault.ts"
import { isList, isObject, type Json, keysOf } from "../../../schema/json.ts"
import { kinds } from "../../../schema/subsume/clauses/kinds.ts"
import type { Comparison } from "../../../schema/subsume/compare.ts"
import type { Anatomy } from "../../../schema/types/anatomy.ts"
import { type Type, unknown } from "../../../schema/types/type.ts"
import type { Schemas } from "../../../schema/validator.ts"
import { evaluate } from "../../expr/evaluate.ts"
import { withDefaults } from "../../plan/defaults.ts"
import type { Taker } from "../contracts.ts"
import type { Flow, Sources } from "../flow.ts"
import { wishesFor } from "./origins.ts"
import { play } from "./play.ts"
import { Realiser, worldsMax } from "./realise.ts"

/** A run that comes to no good: what would be sent, and what the validator has against it. */
export interface Refutation {
  readonly value: Json
  /** At least one; only such as what is known of the values is to blame for. */
  readonly faults: readonly Fault[]
  /** What it is made of: the arguments of the composition under "", and the answers of steps by their paths. */
  readonly given: ReadonlyMap<string, Json>
}

/** Candidates that are tried for one flow. */
const triesMax = 24

/** Looks for counter-examples, and believes none that it has not seen fail. */
export class Refuter {
  readonly #anatomy: Anatomy
  readonly #schemas: Schemas
  readonly #realiser: Realiser

  constructor(sources: Sources, tools: { readonly anatomy: Anatomy; readonly schemas: Schemas }) {
    this.#anatomy = tools.anatomy
    this.#schemas = tools.schemas
    this.#realiser = new Realiser(sources, tools)
  }

  /**
   * Runs in which the flow is refused: answers of the calls before it and arguments, each valid under its schema, such that
   * the expressions of the plan make a value of them that the validator of the taker does not take. `sent` is the type of
   * what reaches it.
   */
  *refutations(
    flow: Flow,
    sent: Type,
    comparison: Comparison,
    also: readonly Type[],
  ): Generator<Refutation> {
    let tries = 0
    for (const candidate of comparison.candidates(also)) {
      if (tries++ >= triesMax) return
      const wishes = wishesFor(flow.expr, flow.at, {
        keys: [],
        value: this.#given(candidate, flow),
      })
      for (let world = 0; world < worldsMax; world++) {
        const given = new Map<string, Json>()
        const answers = this.#realiser.answers(wishes, world)
        const scope = play(flow.at, (path) => {
          const answer = answers(path)
          if (answer !== undefined) given.set(path, answer)
          return answer
        })
        const refused = scope && this.#refused(flow, sent, evaluate(flow.expr, scope))
        if (refused === undefined) continue
        yield { ...refused, given }
        break
      }
    }
  }

  /** What an expression had to yield for a value to be sent: what is wrapped, where it makes no objects itself. */
  #given(value: Json, { into: { wrap }, part }: Flow): Json | undefined {
    if (wrap === undefined || !isObject(value)) return value
    const makesObjects = (this.#anatomy.kindsOf(part.type) & kinds.object) !== 0
    return makesObjects ? value : step(value, wrap)
  }

  #refused(
    { into, at }: Flow,
    sent: Type,
    given: ReturnType<typeof evaluate>,
  ): Pick<Refutation, "value" | "faults"> | undefined {
    if (!given.ok) return
    const value = at.role === "output" ? (given.value ?? null) : given.value
    if (value === undefined) return
    const whole = asSent(value, into)
    const faults = this.#schemas.validator(into.schema).faults(whole) ?? []
    const blamed = faults.filter((fault) => this.#isToBlame(fault, sent, whole))
    return blamed.length === 0 ? undefined : { value: whole, faults: blamed }
  }

  /** Whether the type promised that this could come, where the validator found fault. */
  #isToBlame(fault: Fault, sent: Type, whole: Json): boolean {
    if (isOwnFault(fault)) return false
    let type = sent
    let value: Json | undefined = whole
    for (const key of keysOf(fault.at)) {
      if (value === undefined) return false
      type = isList(value)
        ? this.#anatomy.item(type, Number(key)).type
        : this.#anatomy.member(type, key).type
      value = step(value, key)
      if (type === unknown) return false
    }
    return value === undefined || this.#anatomy.speaksOf(type, value)
  }
}

/** What the call line makes of an input. */
function asSent(value: Json, { wrap, defaults, key }: Taker): Json {
  const whole = isObject(value) || wrap === undefined ? value : Object.fromEntries([[wrap, value]])
  const filled = defaults === undefined ? whole : withDefaults(whole, defaults)
  return key === undefined || !isObject(filled) ? filled : { [key]: "key", ...filled }
}
