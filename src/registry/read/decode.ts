import type { Problem } from "../problem.ts"
import { tooLarge, unreadable } from "./read-document.ts"

export type Decoded =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: Problem }

/** The text of a document's bytes: UTF-8, at most `bytesMax` of them. */
export function decodeDocument(bytes: Uint8Array, bytesMax: number): Decoded {
  if (bytes.byteLength > bytesMax) return { problem: tooLarge(bytesMax) }
  try {
    // The mark is kept: the reader skips it, and columns are counted behind it.
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch (cause) {
    return { problem: unreadable(cause instanceof Error ? cause.message : String(cause)) }
  }
}
