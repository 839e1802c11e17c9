import { type JsonObject, member, segment } from "../../schema/json.ts"
import type { Annotations } from "../compile/annotations.ts"
import type { Draft } from "../draft.ts"
import type { Report } from "../problem.ts"
import { quoted } from "../resolve/words.ts"

/** Of each hint the value that promises something: clients skip a question to the user for it. */
const promises: JsonObject = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}

/** Compositions that promise more than all they may call can keep. */
export function* checkAnnotations(
  draft: Draft,
  { derived }: Annotations,
  report: Report,
): Generator<void, void, void> {
  for (const [tool, found] of derived) {
    yield
    const { annotations } = tool
    if (annotations === undefined) continue
    const pointer = draft.origins.of(tool, "annotations")
    for (const [hint, safe] of Object.entries(promises)) {
      if (member(annotations, hint) !== safe || found[hint] === safe) continue
      report({
        code: "annotation_unsafe",
        severity: "error",
        pointer: pointer + segment(hint),
        message: `${quoted(tool)} says ${hint}: ${safe}, and something that it may call does not`,
        hint: `remove it, or annotate what is called: what says nothing of itself is not ${words[hint]}`,
        data: { hint },
      })
    }
  }
}

const words: { readonly [hint: string]: string } = {
  readOnlyHint: "read-only",
  destructiveHint: "harmless",
  idempotentHint: "idempotent",
  openWorldHint: "closed",
}
