import type { JsonObject } from "../../schema/json.ts"
import { type Drift, renamedTo, serverDrift, toolDrift } from "./drift.ts"
import type { Approval, ServerPin, ServerWords, ToolPin } from "./lock.ts"
import type { PinOptions } from "./pin-tool.ts"
import type { Wanted } from "./wanted.ts"

/** A server as it is now, beside what is pinned of it. */
export interface Compared {
  readonly wanted: Wanted
  readonly pin: ServerPin | undefined
  /** Its whole list; a name may stand there twice. */
  readonly listed: readonly JsonObject[]
  /** Undefined where it was not asked who it is. */
  readonly words: ServerWords | undefined
  /** Another caller may be shown more: what is not listed may still be there. */
  readonly isPartial: boolean
}

/** How one tool stands to its pin. `unpinned`: there is none. */
export interface ToolFinding {
  readonly state: "pinned" | "unpinned"
  readonly approval: Approval | undefined
  /** Undefined: it is as it was pinned, or there is nothing to say against it. */
  readonly drift: Drift | undefined
}

export interface ServerFindings {
  /** By the server's own names, those that are wanted and listed or pinned; in the order of their names. */
  readonly tools: ReadonlyMap<string, ToolFinding>
  readonly words: Drift | undefined
  /** Tools that the server lists and that nobody wants: never listed, never called. */
  readonly strangers: number
}

/** Compares a server with its pins. Pauses after every tool: a hostile list may be long, and its schemas hard. */
export function* judgeServer(
  compared: Compared,
  options: PinOptions,
): Generator<void, ServerFindings, void> {
  const { pin, listed, words, isPartial } = compared
  const { names, strangers } = sortOut(compared)
  const byName = Map.groupBy(listed, ({ name }) => name)
  const pins = new Map(pin?.tools.map((tool) => [tool.name, tool]))
  const tools = new Map<string, ToolFinding>()
  for (const name of names) {
    yield
    const tool = pins.get(name)
    const finding = findingOf(tool, byName.get(name) ?? [], options)
    if (finding === undefined || (isPartial && isGone(finding))) continue
    tools.set(name, isGone(finding) ? withNewName(finding, tool, strangers) : finding)
  }
  return {
    tools,
    words: words && serverDrift(pin, words),
    strangers: compared.wanted.isExposed ? 0 : strangers.length,
  }
}

/** The names to look at, and the tools that are new. */
function sortOut({ wanted, pin, listed }: Compared) {
  const known = new Set([...wanted.tools.keys(), ...(pin?.tools ?? []).map(({ name }) => name)])
  const strangers = listed.filter(({ name }) => typeof name === "string" && !known.has(name))
  const isWanted = (name: string) => wanted.isExposed || wanted.tools.has(name)
  const all = new Set([...known, ...strangers.map(({ name }) => String(name))])
  return { names: [...all].filter(isWanted).sort(), strangers }
}

const isGone = ({ drift }: ToolFinding) => drift?.kinds.includes("gone") === true

/** Undefined for what is neither pinned nor there. */
function findingOf(
  pin: ToolPin | undefined,
  listed: readonly JsonObject[],
  options: PinOptions,
): ToolFinding | undefined {
  if (pin === undefined && listed.length === 0) return
  return {
    state: pin === undefined ? "unpinned" : "pinned",
    approval: pin?.approval,
    drift: toolDrift(pin, listed, options),
  }
}

function withNewName(
  finding: ToolFinding,
  pin: ToolPin | undefined,
  strangers: readonly JsonObject[],
): ToolFinding {
  const name = pin && renamedTo(pin, strangers)
  if (name === undefined || finding.drift === undefined) return finding
  return { ...finding, drift: { ...finding.drift, kinds: ["renamed"], renamedTo: name } }
}
