import type { Problem } from "../problem.ts"
import { positionAt } from "./lines.ts"
import type { Expecting, Failure, Finding } from "./scan.ts"

/** A failure of the scan in words, with its place in the text. */
export function failureProblem(text: string, failure: Failure, depthMax: number): Problem {
  const { reason, offset } = failure
  const place = { pointer: "", ...positionAt(text, offset) }
  if (reason === "depth")
    return {
      code: "document_too_deep",
      severity: "error",
      ...place,
      message: `objects and arrays are nested deeper than ${depthMax} levels`,
      hint: "write the inner parts as schemas of their own and refer to them",
    }
  return {
    code: "json_syntax",
    severity: "error",
    ...place,
    message: `${met(text, offset)}; expected ${wanted[failure.expecting]}`,
    hint: hintFor(text, failure),
  }
}

const wanted: Readonly<Record<Expecting, string>> = {
  value: "a value",
  "value or ]": "a value or ]",
  key: "a member's name in double quotes",
  "key or }": "a member's name in double quotes or }",
  colon: "a colon",
  "comma or ]": "a comma or ]",
  "comma or }": "a comma or }",
  string: "the rest of a string",
  end: "nothing more",
}

function met(text: string, offset: number): string {
  const code = text.codePointAt(offset)
  if (code === undefined) return "the document ends here"
  const isShown = code > 0x20 && code < 0x7f
  return isShown ? `unexpected ${text[offset]}` : `unexpected character U+${hex(code)}`
}

const hex = (code: number) => code.toString(16).toUpperCase().padStart(4, "0")

function hintFor(text: string, { offset, expecting }: Failure): string {
  const character = text[offset]
  switch (character) {
    case undefined:
      return "the document seems to be cut off"
    case "/":
    case "#":
      return 'JSON has no comments; write a member "$comment"'
    case "'":
      return "write double quotes"
    case "\\":
      return 'only \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hex digits are escapes'
    case "}":
    case "]":
      return expecting === "key" || expecting === "value"
        ? "remove the comma before it"
        : "check which brackets are open"
    case "\n":
    case "\r":
    case "\t":
      return "strings end on their line: close the quotes, or write \\n or \\t"
    default:
      return "see RFC 8259 for the grammar of JSON"
  }
}

/** What is well formed but cannot stand. */
export function findingProblem(text: string, { reason, offset, pointer }: Finding): Problem {
  const place = { severity: "error", pointer, ...positionAt(text, offset) } as const
  switch (reason) {
    case "duplicate key":
      return {
        code: "json_duplicate_key",
        ...place,
        message: "this member stands twice in one object; the second would undo the first",
        hint: "remove one of the two",
      }
    case "lone surrogate":
      return {
        code: "invalid_value",
        ...place,
        message: "half of a surrogate pair is no text",
        hint: "write both halves, or the character itself",
      }
    case "not finite":
      return {
        code: "invalid_value",
        ...place,
        message: "this number is larger than any that can be carried",
        hint: "write a number up to 1.7e308, or a string",
      }
  }
}
