import type { CatalogAgent, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import type { Caller } from "../caller.ts"
import type { Refusal } from "../refusal.ts"
import { countedAs, type RateRule } from "./rate-rule.ts"
import type { Count, Full, Rates } from "./rates.ts"

/** Who asks for something: a caller itself, or a composition that it called. */
export type Asker = "caller" | "composition"

/**
 * How often agents may ask, tools be asked for, and servers be sent something.
 *
 * - Rules with an agent, and without a server, count what agents ask for themselves: to call a composition is one call.
 * - Rules with only a tool count each call of it, also by compositions.
 * - Rules with a server count each request that is about to go there, whoever makes it.
 */
export class RateLimits {
  readonly #rates: Rates
  readonly #onFull: (label: string) => void
  readonly #ofTools: Counts
  readonly #ofToolsInside: Counts
  readonly #ofServers: Counts

  constructor(rules: readonly RateRule[], rates: Rates, onFull: (label: string) => void) {
    const ofTools = rules.filter(({ server }) => server === undefined)
    this.#rates = rates
    this.#onFull = onFull
    this.#ofTools = new Counts(ofTools, "tool")
    this.#ofToolsInside = new Counts(
      ofTools.filter(({ agent }) => agent === undefined),
      "tool",
    )
    this.#ofServers = new Counts(
      rules.filter(({ server }) => server !== undefined),
      "server",
    )
  }

  /** Before anything else is done for a call that was permitted. A promise only where counts are shared. */
  call(tool: CatalogTool, { agent }: Caller, asker: Asker): Verdict {
    const counts = asker === "caller" ? this.#ofTools : this.#ofToolsInside
    return this.#take(counts.of(tool, agent), tool.name)
  }

  /** What is asked for without being a tool, or about a task of one, counts for its agent. */
  content({ agent }: Caller, subject: string): Verdict {
    return this.#take(this.#ofTools.of(noTool, agent), subject)
  }

  /** Before a request goes to a server. */
  send(server: CatalogServer, { agent }: Caller, subject: string): Verdict {
    return this.#take(this.#ofServers.of(server, agent), subject)
  }

  #take(counts: readonly Count[], subject: string): Verdict {
    if (counts.length === 0) return
    const full = this.#rates.take(counts)
    if (full === undefined) return
    if (!(full instanceof Promise)) return this.#refusal(full, subject)
    return full.then((late) => late && this.#refusal(late, subject))
  }

  #refusal({ count: { label }, waitMs }: Full, subject: string): Refusal {
    this.#onFull(label)
    return {
      code: "rate_limited",
      subject,
      reason: `more than ${label}`,
      retryAfterMs: Math.max(1, Math.ceil(waitMs)),
      fate: "unsent",
    }
  }
}

export type Verdict = Refusal | undefined | Promise<Refusal | undefined>

type Named = Pick<CatalogTool | CatalogServer | CatalogAgent, "name" | "version">

/** Callers that are no registered agent are counted as one: otherwise each could make up another name for each call. */
const nobody: Named = { name: "", version: undefined }
const noTool: Named = { name: "", version: undefined }

/** Which counts something has, worked out once for each tool or server and agent of a catalog. */
class Counts {
  readonly #rules: readonly RateRule[]
  readonly #of: "tool" | "server"
  readonly #known = new WeakMap<Named, WeakMap<Named, readonly Count[]>>()

  constructor(rules: readonly RateRule[], of: "tool" | "server") {
    this.#rules = rules
    this.#of = of
  }

  of(target: Named, agent: Named = nobody): readonly Count[] {
    let byAgent = this.#known.get(target)
    if (byAgent === undefined) {
      byAgent = new WeakMap()
      this.#known.set(target, byAgent)
    }
    let counts = byAgent.get(agent)
    if (counts === undefined) {
      counts = this.#rules.flatMap((rule) => this.#counts(rule, target, agent))
      byAgent.set(agent, counts)
    }
    return counts
  }

  #counts({ label, measure, agent, [this.#of]: wanted }: RateRule, target: Named, asking: Named) {
    if (target === noTool && wanted !== undefined) return []
    const who = countedAs(agent, asking)
    const what = countedAs(wanted, target)
    return who === undefined || what === undefined
      ? []
      : [{ key: JSON.stringify([label, who, what]), measure, label }]
  }
}
