import { checkSchema } from "../../schema/guard.ts"
import { isObject, type Json, type JsonObject, type JsonSchema, member } from "../../schema/json.ts"
import { subsume } from "../../schema/subsume/subsume.ts"
import {
  type Digests,
  digestsOf,
  isOversize,
  schemasDigest,
  visible,
  withoutVolatile,
} from "./definition.ts"
import { type FieldChange, fieldDiff } from "./field-diff.ts"
import { type HiddenText, hiddenIn } from "./hidden-text.ts"
import type { ServerPin, ServerWords, ToolPin } from "./lock.ts"
import type { PinOptions } from "./pin-tool.ts"

/**
 * What is not as it was pinned. `words`: title, description, annotations. `schema`: what it takes or gives. `meta`: only
 * what no model sees. `hidden_text`: text that nobody sees but a model, and that nobody approved. `oversize`: larger than
 * any definition that somebody could have read.
 */
export type DriftKind =
  | "words"
  | "schema"
  | "meta"
  | "hidden_text"
  | "oversize"
  | "gone"
  | "renamed"

/** Whether who keeps to the pinned schemas is still served: decided by subsumption, as far as it can be. */
export type Fit = "compatible" | "incompatible" | "undecided"

/** How one tool differs from its pin. */
export interface Drift {
  /** At least one. */
  readonly kinds: readonly DriftKind[]
  /** Where a schema changed. */
  readonly fit?: Fit
  /** Place by place; of a tool that is gone there are none. */
  readonly changes: readonly FieldChange[]
  readonly hidden: readonly HiddenText[]
  /** What the server calls a tool that takes and gives the same, and that is new. */
  readonly renamedTo?: string
  /** The definition digest of what the server says now; undefined where there is none. */
  readonly digest: string | undefined
}

const wordMembers = ["title", "description", "annotations"]
const schemaMembers = ["inputSchema", "outputSchema"]

/**
 * How a tool differs from its pin; undefined where it does not. `listed` is what the server lists under the name: nothing
 * where it is gone, and more than one where it says two things. Without a pin only hidden text is found.
 */
export function toolDrift(
  pin: ToolPin | undefined,
  listed: readonly JsonObject[],
  options: PinOptions,
): Drift | undefined {
  const definitions = listed.map((one) => withoutVolatile(one, options.volatileMeta))
  if (definitions.length === 0) return pin && gone
  const drifts = definitions.flatMap((definition) => driftOf(pin, definition) ?? [])
  return drifts.find(({ kinds }) => !kinds.includes("meta")) ?? drifts[0]
}

const oversize: Drift = { kinds: ["oversize"], changes: [], hidden: [], digest: undefined }
const gone: Drift = { kinds: ["gone"], changes: [], hidden: [], digest: undefined }

function driftOf(pin: ToolPin | undefined, definition: JsonObject): Drift | undefined {
  if (isOversize(definition)) return oversize
  const digests = digestsOf(definition)
  const isSame = digests !== undefined && digests.full === pin?.full
  const change = pin === undefined || isSame ? unchanged : changeOf(pin, definition, digests)
  // What was approved was approved with all that is hidden in it.
  const isApproved = pin?.approval !== undefined && digests?.definition === pin.digest
  const hidden = isApproved ? [] : hiddenIn(visible(definition))
  const kinds: DriftKind[] = hidden.length > 0 ? [...change.kinds, "hidden_text"] : change.kinds
  return kinds.length === 0 ? undefined : { ...change, kinds, hidden, digest: digests?.definition }
}

interface Change {
  readonly kinds: DriftKind[]
  readonly changes: readonly FieldChange[]
  readonly fit?: Fit
}

const unchanged: Change = { kinds: [], changes: [] }

function changeOf(pin: ToolPin, after: JsonObject, digests: Digests | undefined): Change {
  const before = pin.definition
  const changes = fieldDiff(before, after)
  if (digests?.definition === pin.digest) return { kinds: ["meta"], changes }
  const differ = (keys: readonly string[]) =>
    keys.some((key) => fieldDiff(member(before, key), member(after, key)).length > 0)
  if (!differ(schemaMembers)) return { kinds: ["words"], changes }
  const kinds: DriftKind[] = differ(wordMembers) ? ["words", "schema"] : ["schema"]
  return { kinds, changes, fit: fitOf(before, after) }
}

/** Proofs of hostile schemas must not hold anybody up. */
const stepsMax = 1_000

/** Input may only have become wider, output only narrower. */
function fitOf(before: JsonObject, after: JsonObject): Fit {
  const answers = [
    answerOf(schemaOf(before, "inputSchema"), schemaOf(after, "inputSchema")),
    answerOf(schemaOf(after, "outputSchema"), schemaOf(before, "outputSchema")),
  ]
  if (answers.includes("no")) return "incompatible"
  return answers.includes("unknown") ? "undecided" : "compatible"
}

function answerOf(from: JsonSchema | undefined, to: JsonSchema | undefined) {
  if (from === undefined || to === undefined) return "unknown"
  return subsume(from, to, { stepsMax }).answer
}

/** A tool without the schema takes, or gives, anything. Undefined for what is no schema. */
function schemaOf(definition: JsonObject, key: string): JsonSchema | undefined {
  const value: Json | undefined = member(definition, key)
  if (value === undefined) return true
  const isSchema = typeof value === "boolean" || isObject(value)
  return isSchema && checkSchema(value).verdict !== "refused" ? value : undefined
}

/**
 * The new name of a tool that is gone: of a tool that is new, and takes and gives the same. Where that is next to nothing,
 * the description must be the same, too.
 */
export function renamedTo(pin: ToolPin, strangers: readonly JsonObject[]): string | undefined {
  const digest = schemasDigest(pin.definition)
  if (digest === undefined) return
  const { inputSchema, description } = pin.definition
  const properties = isObject(inputSchema) ? inputSchema["properties"] : undefined
  const says = isObject(properties) && Object.keys(properties).length > 0
  const alike = strangers.filter((one) => schemasDigest(one) === digest)
  const [same = says ? alike[0] : undefined] = alike.filter(
    (one) => one["description"] === description,
  )
  const name = same?.["name"]
  return typeof name === "string" ? name : undefined
}

/** What a server says of itself and did not say when it was pinned. */
export function serverDrift(pin: ServerPin | undefined, said: ServerWords): Drift | undefined {
  const words = wordsJson(said)
  const changes = pin === undefined ? [] : fieldDiff(wordsJson(pin), words)
  const isApproved = pin?.approval !== undefined && changes.length === 0
  const hidden = isApproved ? [] : hiddenIn(words)
  const kinds: DriftKind[] = [
    ...(changes.length > 0 ? (["words"] as const) : []),
    ...(hidden.length > 0 ? (["hidden_text"] as const) : []),
  ]
  return kinds.length === 0 ? undefined : { kinds, changes, hidden, digest: undefined }
}

const wordsJson = ({ serverInfo, instructions }: ServerWords): JsonObject => ({
  ...(serverInfo && { serverInfo: { ...serverInfo } }),
  ...(instructions !== undefined && { instructions }),
})
