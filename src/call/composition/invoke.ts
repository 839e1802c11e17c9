import { failure, type Outcome, unsupported } from "../../compose/run/outcome.ts"
import type { CallOptions, Invoke } from "../../compose/run/ports.ts"
import { written } from "../../registry/model.ts"
import { isObject, type Json } from "../../schema/json.ts"
import type { InsideLine, Way } from "../call.ts"
import type { Caller } from "../caller.ts"
import type { InnerCall } from "./inner-call.ts"
import { outcomeOf } from "./outcome.ts"
import type { Teller } from "./teller.ts"

/** Who hears of the calls of a run. */
export type Heard = Pick<Teller, "wantsProgress" | "notified" | "attempted">

/** One run, as its calls know it. */
export interface Ongoing {
  /** Of the call of the composition. */
  readonly way: Way
  readonly caller: Caller
  readonly runId: string
  readonly teller: Heard
  readonly inside: InsideLine
}

/** How the interpreter reaches the world: each of its calls goes the way of a call. */
export function createInvoke(ongoing: Ongoing): Invoke {
  const { way, teller, inside } = ongoing
  const { clock } = way.gateway.compositions
  return async (target, input, options) => {
    if (target.kind === "agent") return unspoken
    const startMs = clock.now()
    const outcome = outcomeOf(await inside(innerCall(target, input, options, ongoing), way))
    teller.attempted(options.path, startMs, outcome)
    return outcome
  }
}

function innerCall(
  target: InnerCall["target"],
  input: Json,
  { authority, cancellation, key, path, isProven }: CallOptions,
  { way, caller, runId, teller }: Ongoing,
): InnerCall {
  return {
    target,
    authority,
    caller,
    arguments: isObject(input) ? input : {}, // the interpreter sends tools nothing but objects
    key,
    cancellation,
    isProven,
    onNotification: teller.wantsProgress ? (said) => teller.notified(path, said) : undefined,
    step: path,
    note: { parent: way.id, run: runId, step: path, by: written(authority.tool) },
  }
}

const unspoken: Outcome = {
  ok: false,
  error: {
    ...failure("protocol", "agents are not called: this version does not speak A2A"),
    code: unsupported,
  },
  effect: "none",
}
