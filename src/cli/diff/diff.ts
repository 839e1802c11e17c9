import { diffRegistries } from "../../registry/diff/diff.ts"
import { type Change, verdictOf } from "../../registry/diff/level.ts"
import type { Command } from "../command.ts"
import { painter } from "../paint.ts"
import { soundFile } from "../sound-registry.ts"
import { diffWords } from "./words.ts"

export const diff: Command = {
  name: "diff",
  summary:
    "Say what changed between two registries, whom it breaks, and whether versions tell the truth",
  arguments: "OLD NEW",
  options: {
    json: { type: "boolean", summary: "everything, as one JSON object" },
  },
  details: `Input may only widen and output only narrow; what a schema change breaks is shown by a value. A patch may change nothing
but words, a minor version breaks nobody, a change needs another version. Exit code 1 when a version lies, or a document is
not sound: its problems are printed, and nothing is compared.`,
  async run(given, io) {
    const [oldFile = "", newFile = ""] = given.arguments
    const old = await soundFile(oldFile, io)
    const next = await soundFile(newFile, io)
    if (old === undefined || next === undefined) return 1
    const found = diffRegistries(old, next)
    if (given.flag("json")) {
      const { document, entities, lies } = found
      const made = {
        ok: lies.length === 0,
        old: { file: oldFile, digest: old.catalog.digest },
        new: { file: newFile, digest: next.catalog.digest },
        document: document.map(withVerdict),
        entities: entities.map(({ touches, ...entity }) => ({
          ...entity,
          changes: entity.changes.map(withVerdict),
          touches: touches.map((one) => ({ ...one, changes: one.changes.map(withVerdict) })),
        })),
      }
      io.out.write(`${JSON.stringify(made)}\n`)
    } else for (const line of diffWords(found, painter(io))) io.out.write(`${line}\n`)
    return found.lies.length === 0 ? 0 : 1
  },
}

const withVerdict = (change: Change) => ({ ...change, verdict: verdictOf(change) })
