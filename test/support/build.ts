import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"

const project = join(import.meta.dirname, "../..")
const builds = join(project, "node_modules/.cache/postern-tests")
const dayMs = 24 * 60 * 60 * 1000

/**
 * Tests start the executable as it is published, of the sources as they are: that takes half the time of a start from the
 * sources. For vitest, before all tests and again before each further run of `--watch`.
 */
export function setup(tests: TestProject): void {
  const provide = () => {
    process.env["GATEWAY_EXECUTABLE"] = build()
    process.env["NODE_COMPILE_CACHE"] = join(builds, "compiled") // servers of tests are TypeScript: four times as fast
  }
  provide()
  tests.onTestsRerun(provide)
}

/** Builds what was not built yet. A build is never changed, so that tests may run twice at once. */
function build(): string {
  let built: string
  do {
    built = join(builds, stamp())
    if (existsSync(built)) utimesSync(built, new Date(), new Date())
    else make(built)
  } while (!existsSync(built)) // a source was written meanwhile: it may hold some of both
  for (const old of globSync(`${builds}/*`))
    if (isOld(old)) rmSync(old, { recursive: true, force: true })
  return join(built, "dist/main.js")
}

/** What another run makes or forgets at this moment may be gone. */
const isOld = (folder: string): boolean => {
  const mtimeMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs
  return mtimeMs !== undefined && Date.now() - mtimeMs > dayMs
}

function make(built: string): void {
  mkdirSync(builds, { recursive: true })
  const making = mkdtempSync(join(builds, "making-"))
  copyFileSync(join(project, "package.json"), join(making, "package.json"))
  const script = join(project, "scripts/build.mjs")
  execFileSync(process.execPath, [script, join(making, "dist")], { stdio: "inherit" })
  try {
    if (join(builds, stamp()) === built) renameSync(making, built)
  } catch (error) {
    if (!existsSync(built)) throw error // otherwise somebody else was faster, with the same
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

/** Of the contents of all that a build is made of: times say little of files that were copied, or fetched from a cache. */
function stamp(): string {
  const hash = createHash("sha256")
  const files = ["package.json", "package-lock.json", "scripts/build.mjs", "src/**/*.ts"]
  for (const file of globSync(files, { cwd: project }).sort()) {
    const bytes = readFileSync(join(project, file))
    hash.update(`${file} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest("hex").slice(0, 16)
}
