import { expect, test } from "vitest"
import { nearest } from "../../src/schema/nearest.ts"

const fields = ["limit", "offset", "documentId", "id"]

test.each([
  ["limt", "limit"],
  ["lmiit", "limit"],
  ["ofset", "offset"],
  ["document_id", "documentId"],
  ["DOCUMENTID", "documentId"],
  ["ids", "id"],
])("%s is a misspelling of %s", (word, field) => {
  expect(nearest(word, fields)).toBe(field)
})

test.each(["", "x", "no", "limitless", "colour", "l".repeat(200)])(
  "%s resembles nothing",
  (word) => {
    expect(nearest(word, fields)).toBeUndefined()
  },
)

test("the candidate with the fewest edits wins, and the first among equals", () => {
  expect(nearest("fasst", ["fest", "fast", "fasts"])).toBe("fast")
  expect(nearest("bat", ["cat", "hat"])).toBe("cat")
})

test("a swap of neighbours after a surrogate pair is one edit", () => {
  expect(nearest("😀 ab", ["😀 ba"])).toBe("😀 ba")
})
