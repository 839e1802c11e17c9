import { type Operation, type Verb, verbs } from "../../compose/run/durable/operate/verbs.ts"
import { isObject } from "../../schema/json.ts"

/** Words of an operator end up in the journal and in the audit. */
const reasonCharsMax = 1_000
const operatorCharsMax = 100
const stepCharsMax = 1_000

export const isVerb = (word: string): word is Verb => verbs.some((verb) => verb === word)

const stepVerbs: readonly Verb[] = ["retry-step", "skip-step"]

/** What an operator asks for, or what is wrong with it. */
export function operationOf(verb: Verb, body: unknown): Operation | string {
  if (!isObject(body)) return "expected an object with reason and operator"
  const { operator, reason, step, force, output } = body
  const misplaced = misplacedIn(verb, Object.keys(body))
  if (misplaced !== undefined) return misplaced
  if (!isText(reason, reasonCharsMax)) return wanted("reason", reasonCharsMax)
  if (!isText(operator, operatorCharsMax)) return wanted("operator", operatorCharsMax)
  if (force !== undefined && typeof force !== "boolean") return "force: expected true or false"
  const common = { verb, operator, reason, ...(force === true && { force: true as const }) }
  if (!stepVerbs.includes(verb)) return common
  if (!isText(step, stepCharsMax)) return wanted("step", stepCharsMax)
  return { ...common, step, ...(output !== undefined && { output }) }
}

function misplacedIn(verb: Verb, members: readonly string[]): string | undefined {
  const own = [
    ...["operator", "reason"],
    ...(stepVerbs.includes(verb) ? ["step"] : []),
    ...(verb === "skip-step" ? ["output"] : []),
    ...(verb === "compensate" ? ["force"] : []),
  ]
  const other = members.find((member) => !own.includes(member))
  if (other === undefined) return
  return `${verb} has no member ${JSON.stringify(other.slice(0, 40))}; it has ${own.join(", ")}`
}

const isText = (value: unknown, charsMax: number): value is string =>
  typeof value === "string" && value.trim() !== "" && value.length <= charsMax

const wanted = (member: string, charsMax: number): string =>
  `${member}: expected a text of 1 to ${charsMax} characters`
