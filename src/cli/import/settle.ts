import { type Merged, merge } from "../../portable/import/merge.ts"
import type { Merging } from "../../portable/import/merging.ts"
import { step } from "../../registry/normalise/pointer.ts"
import type { Problem } from "../../registry/problem.ts"
import { editText } from "../../registry/write/edit-text.ts"
import { isObject, type Json, keysOf } from "../../schema/json.ts"
import { parseJson } from "../../schema/parse-json.ts"
import { load } from "../validate.ts"

/** What an import makes of a registry, judged as `postern validate` judges it. */
export interface Settled extends Merged {
  readonly text: string
  /** Tools that the registry refuses, and which are left as they were. */
  readonly refused: readonly RefusedTool[]
  /** What is wrong with the document as a whole: then it is not written. */
  readonly problems: readonly Problem[]
}

export interface RefusedTool {
  readonly server: string
  readonly on: string
  readonly why: string
}

/** Each round leaves out all tools that the last one found wrong; one may hide another, but not for long. */
const roundsMax = 8

/** Merges, and leaves out whatever the registry would not take: one bad schema loses no other tool. */
export function settle(
  text: string,
  file: string,
  merging: Omit<Merging, "document" | "refused">,
  known: readonly RefusedTool[],
): Settled {
  const document = parseJson(text)
  if (!isObject(document)) throw new TypeError("the document was read before, and is an object")
  const refused = [...known]
  for (let round = 1; ; round++) {
    const merged = merge({ ...merging, document, refused: byServer(refused) })
    const made = editText(text, merged.edits)
    // What is there was loaded before, and is sound.
    const problems =
      made === text ? [] : load({ ok: true, text: made, provenance: { file } }).problems
    const errors = problems.filter(({ severity }) => severity === "error")
    const tree = errors.length === 0 ? {} : (parseJson(made) as Json) // it was made of JSON
    const wrong = errors.flatMap((problem) => toolAt(problem, tree, merging.found) ?? [])
    const isOver = wrong.length < errors.length || errors.length === 0 || round === roundsMax
    if (isOver) return { ...merged, text: made, refused, problems: errors }
    refused.push(...unique(wrong))
  }
}

function byServer(refused: readonly RefusedTool[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = Map.groupBy(refused, ({ server }) => server)
  return new Map([...groups].map(([server, tools]) => [server, new Set(tools.map(({ on }) => on))]))
}

const unique = (tools: readonly RefusedTool[]): RefusedTool[] => [
  ...new Map(tools.toReversed().map((tool) => [`${tool.server} ${tool.on}`, tool])).values(),
]

/** The tool of an imported server that a problem is about: what it provides, or what draws on that. */
function toolAt(
  { code, message, pointer }: Problem,
  tree: Json,
  found: Merging["found"],
): RefusedTool | undefined {
  const [section = "", index = "", list, at = ""] = keysOf(pointer)
  const entity = step(step(tree, section), index)
  const provision = list === "provides" ? step(step(entity, "provides"), at) : undefined
  const source = step(entity, "source")
  const [server, on] =
    section === "servers"
      ? [step(entity, "name"), step(provision, "tool")]
      : [step(source, "server"), step(source, "tool")]
  const its = found.filter(({ name }) => name === server)
  if (!its.some(({ tools }) => tools.some(({ name }) => name === on))) return
  return { server: String(server), on: String(on), why: `${message} (${code})` }
}
