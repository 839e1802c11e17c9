import { canonical } from "../../schema/canonical.ts"
import type { Json, JsonSchema } from "../../schema/json.ts"
import { createSchemas } from "../../schema/schemas.ts"
import { openBook } from "../../schema/subsume/clauses/book.ts"
import { compare } from "../../schema/subsume/compare.ts"
import { type Subsumption, subsume } from "../../schema/subsume/subsume.ts"
import { withoutKeywords } from "../normalise/schema-walk.ts"
import { asDescribed } from "./described.ts"
import type { Change } from "./level.ts"

/** Steps of proof for one question: enough for schemas that people write, and 10,000 of them are asked in seconds. */
const stepsMax = 2_000
const validatorsMax = 1_000
/**
 * Values that are tried with the validator, which is compiled for each schema: milliseconds, where all else takes parts of
 * one. Of more breaking changes than a person reads the values are as sure as our own judge of schemas is.
 */
const triedMax = 500

/** `taken`: callers send it, so it may only widen. `given`: they are sent it, so it may only narrow. */
export type Flow = "taken" | "given"

/** Decides what changes of schemas are, each question once. */
export interface SchemaJudge {
  /** Undefined when nothing changed. Both are self-contained. */
  judge(at: string, flow: Flow, old: JsonSchema, next: JsonSchema): Change | undefined
}

export function createSchemaJudge(): SchemaJudge {
  const schemas = createSchemas({ validatorsMax })
  const known = new Map<string, Found>()
  let tried = 0
  const ask: Ask = (from, to) => {
    if (tried >= triedMax) return untried(from, to)
    const answer = subsume(from, to, { schemas, stepsMax })
    if (answer.answer === "no") tried++
    return answer
  }
  return {
    judge(at, flow, old, next) {
      if (canonical(old) === canonical(next)) return
      const [from, to] = [withoutKeywords(old, annotations), withoutKeywords(next, annotations)]
      const key = `${flow}\n${canonical(from)}\n${canonical(to)}`
      const found = known.get(key) ?? decide(flow, from, to, ask)
      known.set(key, found)
      return { at, ...found }
    },
  }
}

/** Keywords that no value is held to (JSON Schema Validation 2020-12 §9): without them many tools ask the same question. */
const annotations: ReadonlySet<string> = new Set([
  "title",
  "description",
  "examples",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$comment",
])

type Found = Omit<Change, "at">
type Ask = (from: JsonSchema, to: JsonSchema) => Subsumption

/** Without the validator: as sure as our own judge is, and many times as quick. */
function untried(from: JsonSchema, to: JsonSchema): Subsumption {
  const [left, right] = [openBook(from).root, openBook(to).root]
  const { gap, judge, candidates } = compare(left, right, { stepsMax })
  if (gap === undefined) return { answer: "yes" }
  for (const counterexample of candidates()) {
    const verdict = judge(right, counterexample)
    if (verdict.says !== "misfit" || judge(left, counterexample).says !== "fits") continue
    const { at } = verdict
    return { answer: "no", counterexample, at, words: `does not keep ${at}` }
  }
  return { answer: "unknown", why: gap.why, at: gap.at }
}

function decide(flow: Flow, old: JsonSchema, next: JsonSchema, ask: Ask): Found {
  const [from, to] = flow === "taken" ? [old, next] : [next, old]
  const strict = ask(from, to)
  if (strict.answer === "yes") return unbroken(flow, untried(to, from).answer)
  const described = asDescribed(from, to)
  const answer = described === undefined ? strict : ask(described, to)
  if (answer.answer === "yes") return caveat(flow, strict)
  return answer.answer === "no"
    ? broken(flow, answer)
    : open(flow, answer, untried(to, from).answer)
}

const wider = { taken: "takes more than before", given: "gives less than before" } as const

/** Nobody breaks; whether anybody notices is the question the other way round. */
function unbroken(flow: Flow, back: Subsumption["answer"]): Found {
  switch (back) {
    case "yes":
      return { least: "words", most: "words", words: "says the same in other words" }
    case "no":
      return { least: "compatible", most: "compatible", words: wider[flow] }
    case "unknown":
      return { least: "words", most: "compatible", words: `${wider[flow]}, or as much` }
  }
}

const undescribed = {
  taken:
    "describes a field that any value was allowed for; a call that already sends it may be refused",
  given: "no longer describes a field, and any value is allowed for it",
} as const

function caveat(flow: Flow, strict: Exclude<Subsumption, { answer: "yes" }>): Found {
  const { witness } = strict.answer === "no" ? witnessed(strict) : { witness: undefined }
  return {
    least: "compatible",
    most: "compatible",
    words: undescribed[flow],
    ...(witness !== undefined && { witness }),
  }
}

const refused = {
  taken: "was fine and is refused now",
  given: "could not come before and can now",
} as const

const witnessed = ({ counterexample, words }: Extract<Subsumption, { answer: "no" }>) => ({
  witness: counterexample,
  fault: words.replace(/ \(counter-example: .*$/su, ""),
})

function broken(flow: Flow, answer: Extract<Subsumption, { answer: "no" }>): Found {
  const { witness, fault } = witnessed(answer)
  return { least: "breaking", most: "breaking", words: `${fault}; ${refused[flow]}`, witness }
}

function open(
  flow: Flow,
  { why, at }: Extract<Subsumption, { answer: "unknown" }>,
  back: Subsumption["answer"],
): Found {
  const place = at === "" ? "" : ` at ${at}`
  const words = `undecided${place}: ${why}; it is not proved that ${unproved[flow]}`
  return { least: back === "no" ? "compatible" : "words", most: "breaking", words }
}

const unproved = {
  taken: "all that was taken is taken now",
  given: "all that is given now could come before",
} as const

/** A witness on one line. */
export const shortened = (witness: Json, max = 160): string => {
  const text = JSON.stringify(witness)
  return text.length > max ? `${text.slice(0, max)}…` : text
}
