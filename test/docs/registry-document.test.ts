import { expect, test } from "vitest"
import { patternNames } from "../../src/registry/spec/pattern-names.ts"
import { blocks } from "./pages.ts"

test("docs/reference/registry-document.md names every pattern of compositions", () => {
  const named = blocks("docs/reference/registry-document.md")
    .filter(({ language }) => language === "text")
    .flatMap(({ text }) => text.trim().split(/\s+/))
  expect(named.sort()).toEqual([...patternNames].sort())
})
