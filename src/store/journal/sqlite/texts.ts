import type { Answer, Answers, Refusal } from "./messages.ts"

/**
 * What is sent of answers that are known: one text, but where that were longer than a text can be, one for each; and one
 * that is too long by itself is refused, and harms no other.
 */
export function* textsOf(
  { answers, trouble }: Answers,
  print: (answers: Answers) => string = JSON.stringify,
): Generator<string> {
  try {
    yield print({ answers, trouble })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const [first, ...others] = answers
    if (first === undefined) throw error
    if (others.length === 0) yield print({ answers: [tooLong(first, error)], trouble })
    else for (const one of answers) yield* textsOf({ answers: [one], trouble }, print)
  }
}

function tooLong([id]: Answer, { message, stack }: RangeError): Answer {
  const words = `what was asked of the run journal is too long to be sent (${message})`
  const refusal: Refusal = { is: "bug", message: words, stack }
  return [id, null, refusal]
}
