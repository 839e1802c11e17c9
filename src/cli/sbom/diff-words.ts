import type { BomDiff } from "../../portable/sbom/diff-boms.ts"

/** A line for each difference, `+` what is new, `-` what is gone, `~` what has other content; last a line with numbers. */
export function* diffWords(diff: BomDiff): Generator<string> {
  const { added, removed, changed, edgesAdded, edgesRemoved } = diff
  for (const what of added) yield `+ ${what}`
  for (const what of removed) yield `- ${what}`
  for (const { what, before, after } of changed)
    yield `~ ${what} ${before ?? "no digest"} → ${after ?? "no digest"}`
  for (const { from, to } of edgesAdded) yield `+ ${from} → ${to}`
  for (const { from, to } of edgesRemoved) yield `- ${from} → ${to}`
  const edges = edgesAdded.length + edgesRemoved.length
  yield `${added.length} added, ${removed.length} removed, ${changed.length} changed, ${edges} ${edges === 1 ? "edge" : "edges"}`
}
