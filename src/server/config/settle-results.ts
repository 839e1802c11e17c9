import { detectors } from "../../call/results/detectors.ts"
import type { Redaction } from "../../call/results/redaction.ts"
import { type CacheRule, ResultRules } from "../../call/results/result-rules.ts"
import type { RuleMatch } from "../../call/rules/rule.ts"
import { fitsRef } from "../../call/rules/rule.ts"
import { compileHits } from "../../compose/replace-at.ts"
import { linearPattern } from "../../schema/pattern/linear.ts"
import type { ResultsFile } from "./results-schema.ts"
import { settleMatch } from "./settle-tool-rules.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  /** Servers that are asked in their callers' names. */
  readonly forCallers: readonly { readonly name: string; readonly version?: string }[]
  readonly textCharsMax: number
  readonly wrong: (path: Path, message: string) => void
}

export function settleResults(
  { hiddenText, size, redact, cache }: ResultsFile,
  around: Surroundings,
): ResultRules {
  const ids = redact.map(({ id }) => id)
  for (const [index, id] of ids.entries())
    if (ids.indexOf(id) < index)
      around.wrong(["results", "redact", index, "id"], "is the id of an earlier redaction, too")
  return new ResultRules({
    hiddenText,
    sizes: size.map(({ match, bytes }) => ({ match: settleMatch(match), bytesMax: bytes })),
    redactions: redact.flatMap((one, index) => {
      const { id } = one
      const how = howOf(one, ["results", "redact", index], around)
      return how === undefined ? [] : [{ id, match: settleMatch(one.match), how }]
    }),
    caches: cache.map((one, index) => settleCache(one, ["results", "cache", index], around)),
    textCharsMax: around.textCharsMax,
  })
}

type RedactionFile = ResultsFile["redact"][number]

function howOf(
  { path, detect, pattern, replacement }: RedactionFile,
  at: Path,
  { wrong }: Surroundings,
): Redaction["how"] | undefined {
  if (path !== undefined) {
    const hits = compileHits(path)
    if (typeof hits !== "string") return { kind: "path", hits, replacement }
    wrong([...at, "path"], hits)
    return
  }
  if (pattern === undefined) {
    const all = (detect ?? []).map((name) => detectors[name])
    const replace = (text: string) => all.reduce((left, one) => one(left, replacement), text)
    return { kind: "form", replace, replacement }
  }
  const linear = linearPattern(pattern)
  if (typeof linear !== "string")
    return { kind: "form", replace: (text) => linear.replace(text, replacement), replacement }
  wrong([...at, "pattern"], linear)
  return
}

function settleCache(
  { match, ttl, scope }: ResultsFile["cache"][number],
  at: Path,
  { forCallers, wrong }: Surroundings,
): CacheRule {
  const settled = settleMatch(match)
  const own = forCallers.find((server) => mayMean(settled, server))
  if (scope === "everyone" && own !== undefined)
    wrong(
      [...at, "scope"],
      `${own.name} is asked in its callers' names, so that its results are theirs; name other servers in match.server`,
    )
  return { match: settled, ttlMs: ttl, scope }
}

const mayMean = (
  { servers }: Pick<RuleMatch, "servers">,
  server: Surroundings["forCallers"][number],
): boolean => servers === undefined || fitsRef(servers, server)
