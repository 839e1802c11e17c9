import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname } from "node:path"

/**
 * Puts a text in the place of a file in one step: whoever reads the file, a gateway that watches it, say, finds the old or
 * the new, and a full disk leaves the old. Links are followed, the mode stays. Throws what the system says.
 */
export function replaceFile(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file
  mkdirSync(dirname(target), { recursive: true })
  const beside = `${target}.${process.pid}.new`
  try {
    const mode = existsSync(target) ? statSync(target).mode : 0o644
    writeFileSync(beside, text, { mode })
    renameSync(beside, target)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** Whether a file still holds the text that was read from it, or is still not there. Throws what the system says. */
export function isStill(file: string, text: string | undefined): boolean {
  const now = existsSync(file) ? readFileSync(file, "utf8") : undefined
  return withoutMark(now) === withoutMark(text)
}

/** Some readers drop the byte order mark. */
const withoutMark = (text: string | undefined) => text?.replace(/^\ufeff/, "")
