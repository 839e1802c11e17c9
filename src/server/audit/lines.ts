import { createReadStream } from "node:fs"

/** A line of a file as bytes, without its newline; the last one is not whole when no newline follows it. */
export interface Line {
  readonly bytes: Buffer
  readonly isWhole: boolean
}

const newline = 0x0a
/** Lines longer than any record are not collected whole: a part is enough to see that they are wrong. */
const gatheredMax = 1024 * 1024

/** The lines of a file, in bounded memory. `onChunk` is told how many bytes were read each time. Throws as reading does. */
export async function* linesOf(
  file: string,
  onChunk: (bytes: number) => void = () => {},
): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: gatheredMax })) {
    onChunk(chunk.length)
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
      yield { bytes: bytes.subarray(from, at), isWhole: true }
      from = at + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > gatheredMax) rest = rest.subarray(-gatheredMax)
  }
  if (rest.length > 0) yield { bytes: rest, isWhole: false }
}
