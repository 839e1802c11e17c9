import { hash } from "node:crypto"
import { fstatSync, readSync } from "node:fs"
import { isObject } from "../../schema/json.ts"
import { noHash } from "./line.ts"

/** Where a chain goes on, and what the process before left behind. */
export interface Tail {
  /** The last whole record; 0 and zeros in an empty file. */
  readonly seq: number
  readonly hash: string
  /** Where its line ends: what follows is half a line. */
  readonly end: number
  readonly droppedBytes: number
  /** Ids of calls that were begun and whose end is not recorded. */
  readonly openBegins: readonly string[]
}

/** How far back calls that were in flight are looked for: some thousand records. */
const windowBytes = 4 * 1024 * 1024
const newline = 0x0a

/** Reads the end of an audit file. Throws an Error when it does not end like one: nothing may be appended to it then. */
export function readTail(fd: number): Tail {
  const { size } = fstatSync(fd)
  const bytes = Buffer.alloc(Math.min(size, windowBytes))
  const start = size - bytes.length
  for (let read = 0; read < bytes.length; ) {
    const count = readSync(fd, bytes, read, bytes.length - read, start + read)
    if (count === 0) throw new Error("it became shorter while it was read")
    read += count
  }
  const last = bytes.lastIndexOf(newline)
  if (last === -1 && start > 0) throw new Error("its end is no audit record")
  const end = start + last + 1
  const droppedBytes = size - end
  if (last === -1) return { seq: 0, hash: noHash, end, droppedBytes, openBegins: [] }
  const line = bytes.subarray(bytes.lastIndexOf(newline, last - 1) + 1, last)
  const openBegins = beginsWithoutEnd(bytes.toString("utf8", 0, last + 1))
  return { seq: sequence(line), hash: hash("sha256", line), end, droppedBytes, openBegins }
}

function sequence(line: Buffer): number {
  let record: unknown
  try {
    record = JSON.parse(line.toString("utf8"))
  } catch (cause) {
    throw new Error("its last line is no audit record", { cause })
  }
  const seq = isObject(record) ? record["seq"] : undefined
  if (typeof seq !== "number") throw new Error("its last line is no audit record")
  return seq
}

const head =
  /^\{"seq":\d+,"prev":"\w*","time":"[^"]*","kind":"(begin|call|step|recovered)","id":"([^"]*)"/gm

function beginsWithoutEnd(lines: string): string[] {
  const open = new Set<string>()
  for (const { 0: whole, 1: kind, 2: id = "", index } of lines.matchAll(head)) {
    if (kind === "begin") open.add(id)
    else if (kind === "call" || kind === "step") open.delete(id)
    else for (const told of toldBegins(lines, index + whole.length)) open.delete(told)
  }
  return [...open]
}

/** Those that a `recovered` record already names. */
function toldBegins(lines: string, from: number): string[] {
  const rest = lines.slice(from, lines.indexOf("\n", from))
  const list = /"openBegins":\[([^\]]*)\]/.exec(rest)?.[1] ?? ""
  return list.split(",").map((id) => id.replaceAll('"', ""))
}
