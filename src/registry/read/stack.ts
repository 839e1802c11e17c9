import type { Place } from "./places.ts"

/** How a line ends that names a place: `:12:3`, in parentheses or not; of syntax errors, the line alone. */
const ending = /:(\d+)(?::(\d+))?\)?$/
/** Where the name of the file begins in it: `file:///folder/registry.ts`, or a path. */
const beginning = /(?:^|[\s(])(?=file:\/\/\/|\/|[A-Za-z]:[\\/])/

/**
 * The places that a stack trace names, from the innermost out. Files are paths. Linear: a message is a part of the stack,
 * and may be anything.
 */
export function* placesInStack(stack: string): Generator<Place> {
  for (const line of stack.split("\n")) {
    const end = ending.exec(line)
    const begin = end && beginning.exec(line)
    if (end === null || begin === null || begin.index >= end.index) continue
    const address = line.slice(begin.index + begin[0].length, end.index)
    yield { file: pathOf(address), line: Number(end[1]), column: Number(end[2] ?? 1) }
  }
}

/** The path that a file URL names; a path is one already. */
export function pathOf(address: string): string {
  if (!address.startsWith("file://")) return address
  return decoded(new URL(address).pathname).replace(/^\/(?=[A-Za-z]:\/)/, "")
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // a message named it, and no module
  }
}
