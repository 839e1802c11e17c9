import type { JsonObject } from "../../schema/json.ts"
import type { LoadLimits } from "../limits.ts"
import type { Problem } from "../problem.ts"
import { skipBlank } from "./lexical.ts"
import { positionAt, withoutMark } from "./lines.ts"
import { DocumentOutline } from "./outline.ts"
import { Scan } from "./scan.ts"
import { failureProblem, findingProblem } from "./syntax.ts"

/** What the text of a document is as JSON: its top-level object, or the problems that reject it. */
export interface ReadResult {
  readonly tree: JsonObject | undefined
  readonly problems: readonly Problem[]
}

/** Characters scanned between two pauses: about half a millisecond. */
const sliceMax = 64 * 1024

/**
 * Reads the text of a registry document (RFC 8259, a leading byte order mark is skipped). Any problem rejects it:
 * size, depth, syntax, equal keys, and whatever is no object. One linear scan finds all of these before anything
 * recursive runs; then the elements of the four sections are parsed one by one. Each `yield` is a place to pause.
 */
export function* readDocument(text: string, limits: LoadLimits): Generator<void, ReadResult, void> {
  const oversize = sizeProblem(text, limits.documentBytesMax)
  if (oversize !== undefined) return rejected(oversize)
  yield
  if (!text.isWellFormed()) return rejected(unreadable("it holds half of a surrogate pair"))
  yield // both have looked at all of a text that may be long
  const json = withoutMark(text)
  const outline = new DocumentOutline(json)
  const scan = new Scan(json, limits.depthMax, outline)
  for (let offset = sliceMax; !scan.isDone; offset += sliceMax) {
    scan.runTo(offset)
    if (scan.failure !== undefined)
      return rejected(failureProblem(json, scan.failure, limits.depthMax))
    if (outline.elements > limits.entitiesMax) return rejected(tooMany(limits.entitiesMax))
    yield
  }
  if (json[skipBlank(json, 0)] !== "{") return rejected(notAnObject(json))
  if (scan.findings.length > 0)
    return rejected(...scan.findings.map((finding) => findingProblem(json, finding)))
  return { tree: yield* outline.parse(), problems: [] }
}

const rejected = (...problems: readonly Problem[]): ReadResult => ({ tree: undefined, problems })

/** In bytes of UTF-8; they are counted only where the number of characters leaves a doubt. */
function sizeProblem(text: string, bytesMax: number): Problem | undefined {
  if (text.length <= bytesMax && text.length * 3 <= bytesMax) return
  const bytes = text.length > bytesMax ? text.length : Buffer.byteLength(text)
  return bytes > bytesMax ? tooLarge(bytesMax) : undefined
}

const tooLarge = (bytesMax: number): Problem => ({
  code: "document_too_large",
  severity: "error",
  pointer: "",
  line: 1,
  column: 1,
  message: `the document is larger than the limit of ${bytesMax} bytes`,
  hint: "split it, or raise the limit",
})

/** What cannot be read at all: no such file, no permission, no UTF-8. */
const unreadable = (reason: string): Problem => ({
  code: "document_unreadable",
  severity: "error",
  pointer: "",
  line: 1,
  column: 1,
  message: `the document cannot be read: ${reason}`,
  hint: "registry documents are JSON in UTF-8",
})

const tooMany = (entitiesMax: number): Problem => ({
  ...tooLarge(entitiesMax),
  message: `the document has more than the limit of ${entitiesMax} schemas, servers, tools and agents`,
})

const notAnObject = (json: string): Problem => ({
  code: "document_not_object",
  severity: "error",
  pointer: "",
  ...positionAt(json, skipBlank(json, 0)),
  message: "a registry document is one JSON object",
  hint: 'write {"schemaVersion": "2.0", "tools": []}',
})
