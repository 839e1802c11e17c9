import type { JsonObject } from "../../schema/json.ts"
import type { ServerFindings } from "./judge-server.ts"
import type { Approval, ServerPin, ServerWords, ToolPin } from "./lock.ts"
import { type PinOptions, pinTool } from "./pin-tool.ts"
import type { Wanted } from "./wanted.ts"

/** A server as it was looked at, what was pinned of it, and what came of comparing the two. */
export interface Looked {
  readonly wanted: Wanted
  readonly pin: ServerPin | undefined
  readonly listed: readonly JsonObject[]
  readonly words: ServerWords
  readonly findings: ServerFindings
}

/**
 * The pins of a server with all that can be pinned without a second look: what has a pin keeps it, whatever the server says
 * now, what has none and hides nothing gets one, and what nobody wants any more loses its own.
 */
export function withNewPins(
  { wanted, pin, listed, words, findings }: Looked,
  options: PinOptions,
): ServerPin {
  const kept = keptPins(pin, wanted)
  const added = [...findings.tools].flatMap(([name, { state, drift }]) => {
    if (state !== "unpinned" || drift !== undefined) return []
    const definition = listed.find((one) => one["name"] === name)
    return (definition && pinTool(definition, options)) ?? []
  })
  const own = pin ?? (findings.words === undefined ? words : {})
  return { ...wordsOf(own), ...approvalOf(pin), server: wanted.server, tools: [...kept, ...added] }
}

/** The pins that are still of use. */
export const keptPins = (pin: ServerPin | undefined, wanted: Wanted): readonly ToolPin[] =>
  (pin?.tools ?? []).filter(({ name }) => wanted.isExposed || wanted.tools.has(name))

/** What is to be approved of a server: these tools, or all that is not as it was, with the server's own words. */
export type Approved = readonly string[] | "all"

/** The pins of a server with what it says now in the place of what was pinned, and who found that good. */
export function withApproval(
  { wanted, pin, listed, words, findings }: Looked,
  approved: Approved,
  approval: Approval,
  options: PinOptions,
): ServerPin {
  const names = approved === "all" ? driftingTools(findings) : approved
  const anew = names.flatMap((name) => {
    const definition = listed.find((one) => one["name"] === name)
    return (definition && pinTool(definition, options, approval)) ?? []
  })
  const kept = keptPins(pin, wanted).filter(({ name }) => !anew.some((one) => one.name === name))
  const hasNewWords = approved === "all" && findings.words !== undefined
  return {
    ...(hasNewWords ? { ...words, approval } : { ...wordsOf(pin ?? words), ...approvalOf(pin) }),
    server: wanted.server,
    tools: [...kept, ...anew],
  }
}

/** Tools that are there, and not as they were pinned. */
export const driftingTools = ({ tools }: ServerFindings): string[] =>
  [...tools].flatMap(([name, { drift }]) =>
    drift === undefined || drift.kinds.includes("gone") || drift.kinds.includes("renamed")
      ? []
      : [name],
  )

const wordsOf = ({ serverInfo, instructions }: ServerWords): ServerWords => ({
  ...(serverInfo && { serverInfo }),
  ...(instructions !== undefined && { instructions }),
})

const approvalOf = (pin: ServerPin | undefined) => pin?.approval && { approval: pin.approval }
