import type { Catalog } from "../../registry/catalog.ts"
import type { Evidence } from "../caller.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import type { Finding } from "./finding.ts"
import { isAgentName, isVersion } from "./names.ts"

type Headers = Pick<Evidence, "agentName" | "agentVersion" | "callerAgent">

/**
 * Identity headers that cannot be meant: empty, beyond ASCII (Node reads those bytes as Latin-1, so guessing would be
 * wrong), control characters, or sent twice (repeated headers arrive joined by ", ").
 */
export function checkHeaders({ agentName, agentVersion, callerAgent }: Headers): Result<undefined> {
  if (agentName !== undefined && !isAgentName(agentName)) return malformed("X-Agent-Name")
  if (agentVersion !== undefined && !isVersion(agentVersion)) return malformed("X-Agent-Version")
  if (callerAgent !== undefined && !isUrl(callerAgent)) return malformed("X-Caller-Agent")
  return ok(undefined)
}

const isUrl = (text: string) => /^[\x21-\x2b\x2d-\x7e]{1,2048}$/.test(text) && URL.canParse(text)

const malformed = (header: string): Result<never> =>
  refuse({
    code: "invalid_credentials",
    status: 400,
    words: "invalid credentials",
    reason: `${header} is malformed or was sent twice`,
  })

/** `X-Agent-Name` and `X-Agent-Version`, of headers that {@link checkHeaders} accepts. */
export function findHeader(
  { agentName, agentVersion }: Headers,
  isTrusted: boolean,
): Finding | undefined {
  if (agentName === undefined && agentVersion === undefined) return
  const trust = isTrusted ? "asserted" : "claimed"
  return { source: "header", trust, name: agentName, version: agentVersion, isLabel: false }
}

/**
 * `X-Caller-Agent`: the agent whose card has exactly this URL. It is looked up and never fetched: anyone can name a URL,
 * so a card that is found there proves nothing, and fetching it would let callers choose where the gateway connects.
 */
export function findCard(
  { callerAgent }: Headers,
  isTrusted: boolean,
  catalog: Catalog,
): Finding | undefined {
  if (callerAgent === undefined) return
  const agent = catalog.agentByUrl(callerAgent)
  const { name, version } = agent ?? { name: callerAgent, version: undefined }
  const trust = isTrusted ? "asserted" : "claimed"
  return { source: "card", trust, name, version, isLabel: agent === undefined && !isTrusted }
}
