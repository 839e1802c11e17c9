import type { Place } from "./places.ts"

/** `file:///folder/registry.ts:12:3` at the end of a line, in parentheses or not; of syntax errors, the line alone. */
const frame = /(?:^|[\s(])((?:file:\/\/\/|\/|[A-Za-z]:[\\/])[^\n]*?):(\d+)(?::(\d+))?\)?$/gm

/** The places that a stack trace names, from the innermost out. Files are paths. */
export const placesInStack = (stack: string): IteratorObject<Place> =>
  stack.matchAll(frame).map(([, address = "", line, column]) => ({
    file: pathOf(address),
    line: Number(line),
    column: Number(column ?? 1),
  }))

/** The path that a file URL names; a path is one already. */
export function pathOf(address: string): string {
  if (!address.startsWith("file://")) return address
  return decodeURIComponent(new URL(address).pathname).replace(/^\/(?=[A-Za-z]:\/)/, "")
}
