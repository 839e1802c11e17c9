import { evaluate } from "../../../compose/expr/evaluate.ts"
import type { Plan } from "../../../compose/plan/plan.ts"
import type { Fault } from "../../../schema/fault.ts"
import type { JsonObject } from "../../../schema/json.ts"
import type { CallRequest } from "../../call.ts"
import type { Caller } from "../../caller.ts"
import { idempotencyKey } from "../../meta.ts"
import type { Compositions } from "../compositions.ts"

/** What a second call attaches by (compositions §11.1); undefined where nothing says. */
export type RunKey =
  | { readonly ok: true; readonly key: string | undefined }
  | { readonly ok: false; readonly faults: readonly Fault[] }

interface Keyed {
  readonly request: Pick<CallRequest, "meta" | "idempotencyKey">
  readonly runIds: Compositions["runIds"]
}

/**
 * The id of the saga, of whatever version and for whomever it is run: an upgrade must not run an order twice; or for the agent, where
 * ids are each agent's own. Else the key
 * that the caller gave, in the `_meta` or in the header, which is its own.
 */
export function runKeyOf(
  { tool, root }: Plan,
  input: JsonObject,
  caller: Caller,
  { request, runIds }: Keyed,
): RunKey {
  const whose = caller.name ?? caller.principal
  const id = root.saga?.id
  if (id !== undefined) {
    const found = evaluate(id, { frame: { input, steps: new Map() }, self: input })
    const value = found.ok ? found.value : undefined
    const isId = isText(value) || Number.isSafeInteger(value)
    const text = String(value)
    if (!isId || text === "" || text.length > idCharsMax) return { ok: false, faults: [notAnId] }
    const own = runIds === "agent" ? `${whose}:` : ""
    return { ok: true, key: `saga:${own}${tool.name}:${text}` }
  }
  const given = request.meta?.[idempotencyKey] ?? request.idempotencyKey
  if (given === undefined) return { ok: true, key: undefined }
  if (typeof given !== "string" || !keyForm.test(given)) return { ok: false, faults: [notAKey] }
  return { ok: true, key: `call:${whose}:${tool.name}:${given}` }
}

const idCharsMax = 1_000

/** What a database cannot keep as it is it would keep as something else, and two such ids would be one. */
const isText = (value: unknown): boolean =>
  typeof value === "string" && value.isWellFormed() && !value.includes("\0")

/** 1 to 255 printable ASCII characters. */
const keyForm = /^[\x20-\x7e]{1,255}$/

const idForm =
  "a text of 1 to 1000 characters, none of them NUL or half of one, or an integer, where sagaIdPath points"

const notAnId: Fault = {
  at: "",
  keyword: "sagaIdPath",
  expected: idForm,
  line: `the id of the run: expected ${idForm}`,
}

const notAKey: Fault = {
  at: "",
  keyword: "idempotencyKey",
  expected: "an idempotency key of 1 to 255 printable ASCII characters",
  line: "the idempotency key: expected 1 to 255 printable ASCII characters",
}
