import { expect, test } from "vitest"
import type { Answer, Answers } from "../../src/store/journal/sqlite/messages.ts"
import { textsOf } from "../../src/store/journal/sqlite/texts.ts"

/** As JSON.stringify does for more than a text can hold, which is half a gigabyte. */
function print(answers: Answers): string {
  const text = JSON.stringify(answers)
  if (text.length > 1_000) throw new RangeError("Invalid string length")
  return text
}

const long = (length: number) => "x".repeat(length)
const sent = (...answers: Answer[]): Answers[] =>
  [...textsOf({ answers, trouble: undefined }, print)].map((text) => JSON.parse(text))

test("answers go together, apart where that were too long, and one too long for a text is refused alone", () => {
  expect(sent([1, long(300)], [2, long(300)])).toEqual([
    {
      answers: [
        [1, long(300)],
        [2, long(300)],
      ],
    },
  ])
  expect(sent([1, long(600)], [2, long(600)])).toEqual([
    { answers: [[1, long(600)]] },
    { answers: [[2, long(600)]] },
  ])
  const words = expect.stringMatching(/^what was asked of the run journal is too long/)
  const refusal = { is: "bug", message: words }
  expect(sent([1, long(2_000)], [2, "short"])).toMatchObject([
    { answers: [[1, null, refusal]] },
    { answers: [[2, "short"]] },
  ])
})
