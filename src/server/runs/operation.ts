import { type Operation, type Verb, verbs } from "../../compose/run/durable/operate/verbs.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"

/** Words of an operator end up in the journal and in the audit. */
const reasonCharsMax = 1_000
const operatorCharsMax = 100
const stepCharsMax = 1_000

export const isVerb = (word: string): word is Verb => verbs.some((verb) => verb === word)

/** What a body has besides `operator` and `reason`; a step is required where nothing else says which. */
const own: { readonly [verb in Verb]?: readonly string[] } = {
  "retry-step": ["step"],
  "skip-step": ["step", "output"],
  compensate: ["force"],
  answer: ["action", "step", "content"],
}

/** What an operator asks for, or what is wrong with it. */
export function operationOf(verb: Verb, body: unknown): Operation | string {
  if (!isObject(body)) return "expected an object with reason and operator"
  const { operator, reason, force } = body
  const misplaced = misplacedIn(verb, Object.keys(body))
  if (misplaced !== undefined) return misplaced
  if (!isText(reason, reasonCharsMax)) return wanted("reason", reasonCharsMax)
  if (!isText(operator, operatorCharsMax)) return wanted("operator", operatorCharsMax)
  if (force !== undefined && typeof force !== "boolean") return "force: expected true or false"
  const common = { verb, operator, reason, ...(force === true && { force: true as const }) }
  if (verb === "answer") return withAnswer(common, body)
  return own[verb]?.includes("step") ? withStep(common, body) : common
}

function withStep(common: Operation, { step, output }: JsonObject): Operation | string {
  if (!isText(step, stepCharsMax)) return wanted("step", stepCharsMax)
  return { ...common, step, ...(output !== undefined && { output }) }
}

function withAnswer(common: Operation, { action, step, content }: JsonObject): Operation | string {
  if (action !== "accept" && action !== "decline") return "action: expected accept or decline"
  if (step !== undefined && !isText(step, stepCharsMax)) return wanted("step", stepCharsMax)
  if (content !== undefined && !isObject(content))
    return `content: expected an object, such as '{"note": "seen"}'`
  if (content !== undefined && action === "decline") return "content: only what is accepted has any"
  return { ...common, action, ...(step && { step }), ...(content && { content }) }
}

function misplacedIn(verb: Verb, members: readonly string[]): string | undefined {
  const known = ["operator", "reason", ...(own[verb] ?? [])]
  const other = members.find((member) => !known.includes(member))
  if (other === undefined) return
  return `${verb} has no member ${JSON.stringify(other.slice(0, 40))}; it has ${known.join(", ")}`
}

const isText = (value: unknown, charsMax: number): value is string =>
  typeof value === "string" && value.trim() !== "" && value.length <= charsMax

const wanted = (member: string, charsMax: number): string =>
  `${member}: expected a text of 1 to ${charsMax} characters`
