import { readFileSync } from "node:fs"
import { join } from "node:path"
import { diffWords } from "../../src/cli/diff/words.ts"
import { diffRegistries } from "../../src/registry/diff/diff.ts"
import { goldenFiles } from "../golden.ts"
import { load, type Mutable } from "../support/registries.ts"

const folder = join(import.meta.dirname, "golden/diff")

/** `{at, to}`, `{at, remove}` or `{at, copy}`, by JSON Pointer. */
function edit(document: Mutable, { at, to, remove, copy }: Mutable): void {
  const keys = at.slice(1).split("/")
  const last = keys.pop()
  const into = (path: readonly string[]) => path.reduce((node, key) => node[key], document)
  const holder = into(keys)
  if (remove && Array.isArray(holder)) holder.splice(Number(last), 1)
  else if (remove) delete holder[last]
  else holder[last] = copy === undefined ? to : structuredClone(into(copy.slice(1).split("/")))
}

function versionOf(document: Mutable) {
  const { catalog, details, problems } = load(document)
  const errors = problems.filter(({ severity }) => severity === "error")
  if (catalog === undefined || details === undefined) throw new Error(JSON.stringify(errors))
  return { catalog, details }
}

// Above the dashes what is done to library.json, below what is said of it.
goldenFiles(folder, (input) => {
  const old = JSON.parse(readFileSync(join(folder, "library.json"), "utf8"))
  const next = structuredClone(old)
  for (const one of JSON.parse(input)) edit(next, one)
  const diff = diffRegistries(versionOf(old), versionOf(next))
  return [...diffWords(diff, (_, text) => text)].join("\n")
})
