import type { Draft } from "../draft.ts"
import { escaped, hiddenPlaces } from "../pins/hidden-text.ts"
import type { Report } from "../problem.ts"

/** Text for models that hides from whoever reads the document. */
export function* checkHiddenText(
  { document, origins }: Draft,
  report: Report,
): Generator<void, void, void> {
  const { schemas, servers, tools, agents } = document
  for (const entity of [...schemas, ...servers, ...tools, ...agents]) {
    yield
    for (const { at, what } of hiddenPlaces(entity))
      report({
        code: "hidden_text",
        severity: "warn",
        pointer: escaped(origins.follow(entity, at)),
        message: `here is text that a person does not see: ${what}`,
        hint: "remove it: a model reads it",
        data: { hidden: what },
      })
  }
}
