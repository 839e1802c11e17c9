import { needsConsent } from "../../portable/import/change.ts"
import { written } from "../../registry/model.ts"
import type { Io } from "../command.ts"
import { failureOf } from "./outcome.ts"
import { isWhole, type Result, unsetVariables } from "./result.ts"

/** The result for scripts. Nothing in it is a secret: values stay where they were found. */
export function resultJson(result: Result, io: Io): object {
  const { all, isWritten, proposal, settled, texts } = result
  const { found, left } = proposal
  return {
    ok: isWhole(result),
    written: isWritten,
    registry: texts.registry.file,
    configuration: texts.config.file,
    lock: texts.lock.file,
    servers: found.outcomes.map(({ candidate, outcome }) => {
      const { from, name } = candidate
      if (!outcome.ok) return { name, from, ok: false, ...failureOf(outcome) }
      const registered = found.servers.find((one) => one.candidate.entry === candidate.entry)
      const { era, transport } = outcome
      const { name: own = name, version } = registered?.server ?? {}
      return { name: own, from, ok: true, version, era, transport, tools: outcome.tools.length }
    }),
    left: left.map(({ name, why }) => ({ name, why })),
    refused: settled.refused,
    changes: all.changes.map((change) => ({ ...change, needsConsent: needsConsent(change) })),
    problems: all.problems,
    variables: unsetVariables(result, io).map(({ name, use }) => ({ name, use })),
    now: settled.servers.map(written),
  }
}
