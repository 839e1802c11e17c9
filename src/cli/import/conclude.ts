import { needsConsent } from "../../portable/import/change.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import { defaultLimits } from "../../server/limits.ts"
import type { ExitCode, Given, Io } from "../command.ts"
import { lockTooLarge } from "../lock/lock-file.ts"
import { printableLine } from "../printable.ts"
import { isStill, replaceFile } from "../replace-file.ts"
import { canAsk, isWanted } from "./consent.ts"
import { changeLines, closingLines, remarkLines } from "./report.ts"
import { isWhole, type Proposal, type Result } from "./result.ts"
import { resultJson } from "./result-json.ts"
import { type Texts, textsOf } from "./texts.ts"

/** Shows what changes, asks where that is needed, writes, and says what is left to do. */
export async function conclude(proposal: Proposal, given: Given, io: Io): Promise<ExitCode> {
  const { found, propose, state } = proposal
  const isDry = given.flag("dry-run")
  const show = (lines: readonly string[]) => {
    if (!given.flag("json")) for (const line of lines) io.out.write(`${printableLine(line)}\n`)
  }
  const all = propose(true)
  show(changeLines(all.changes))
  show(remarkLines(proposal, all))
  for (const problem of all.problems) io.err.write(`${formatProblem(problem)}\n`)
  const isOpen = all.changes.some(needsConsent)
  const isAccepted = all.problems.length === 0 && (!isOpen || (await consent(given)))
  const settled = isAccepted ? all : propose(false)
  const texts = textsOf(state, settled, found.servers)
  const isSound = settled.problems.length === 0
  const isWritten = isSound && !isDry && write(texts, io)
  const result: Result = { proposal, all, settled, texts, isAccepted, isWritten, isDry }
  show(closingLines(result, io))
  if (given.flag("json")) io.out.write(`${JSON.stringify(resultJson(result, io))}\n`)
  return isWhole(result) ? 0 : 1
}

async function consent(given: Given): Promise<boolean> {
  if (given.flag("yes")) return true
  if (given.flag("json") || given.flag("dry-run") || !canAsk()) return false
  return isWanted("Write these changes, too?")
}

/** The registry last: a gateway that watches it then finds the pins of what it loads. */
function write({ config, lock, registry }: Texts, io: Io): boolean {
  try {
    const files = [config, lock, registry]
    const [changed] = files.filter(({ file, text }) => !isStill(file, text))
    if (changed !== undefined)
      throw new Error(`somebody changed ${changed.file} meanwhile; run the command again`)
    const tooLarge = lockTooLarge(lock.next, defaultLimits.lockBytes)
    if (tooLarge !== undefined) throw new Error(`${lock.file}: ${tooLarge}`)
    for (const { file, next, text } of files)
      if (next !== text && next !== "") replaceFile(file, next)
    return true
  } catch (error) {
    io.err.write(`not written: ${error instanceof Error ? error.message : String(error)}\n`)
    return false
  }
}
