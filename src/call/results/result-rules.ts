import { Flights } from "../../compose/run/state/flights.ts"
import type { CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { type Facts, warn } from "../facts.ts"
import { meansServer, meansTool, type RuleMatch } from "../rules/rule.ts"
import type { HiddenTextMode } from "./hidden-text.ts"
import type { Obtained } from "./obtain.ts"
import { type FormRedaction, isByForm, type Redacting, type Redaction } from "./redaction.ts"

/** Results of read-only tools are kept, and given again for the same arguments. */
export interface CacheRule {
  readonly match: Omit<RuleMatch, "agents">
  readonly ttlMs: number
  /** `everyone`: configuration says that the results do not depend on who calls. */
  readonly scope: "caller" | "everyone"
}

/** What a result of a tool may have at most, as JSON. */
export interface SizeRule {
  readonly match: Omit<RuleMatch, "agents">
  readonly bytesMax: number
}

interface ResultSettings {
  readonly sizes: readonly SizeRule[]
  readonly hiddenText: HiddenTextMode
  readonly redactions: readonly Redaction[]
  readonly caches: readonly CacheRule[]
  /** Characters of one result that are looked through. */
  readonly textCharsMax: number
}

interface OfTool {
  readonly redactions: readonly Redaction[]
  /** Those that are also about what its server says and asks meanwhile. */
  readonly forms: readonly FormRedaction[]
  readonly cache: CacheRule | undefined
  /** Undefined: what its server may answer. */
  readonly bytesMax: number | undefined
}

/** What configuration says of results, ready to be asked. */
export class ResultRules {
  readonly hiddenText: HiddenTextMode
  readonly textCharsMax: number
  /** Calls whose result will be kept. */
  readonly flights = new Flights<Obtained>()
  readonly #settings: ResultSettings
  readonly #byTool = new WeakMap<CatalogTool, OfTool>()
  readonly #byServer = new WeakMap<CatalogServer, readonly FormRedaction[]>()

  constructor(settings: ResultSettings) {
    this.#settings = settings
    this.hiddenText = settings.hiddenText
    this.textCharsMax = settings.textCharsMax
  }

  get redactions(): readonly Redaction[] {
    return this.#settings.redactions
  }

  get caches(): readonly CacheRule[] {
    return this.#settings.caches
  }

  get sizes(): readonly SizeRule[] {
    return this.#settings.sizes
  }

  /**
   * Of sizes the smallest counts, of caches the first. What changes something is never kept, nor is a composition's
   * result: its steps have caches.
   */
  about(tool: CatalogTool): OfTool {
    const known = this.#byTool.get(tool)
    if (known !== undefined) return known
    const { redactions, caches, sizes } = this.#settings
    const about = ({ match }: Pick<CacheRule, "match">) =>
      meansTool({ ...match, agents: undefined }, tool)
    const isKept =
      tool.implementation.kind === "source" && tool.shown.annotations?.["readOnlyHint"] === true
    const meant = redactions.filter(about)
    const found = {
      redactions: meant,
      forms: meant.filter(isByForm),
      cache: isKept ? caches.find(about) : undefined,
      bytesMax: smallest(sizes.filter(about)),
    }
    this.#byTool.set(tool, found)
    return found
  }

  /** For what is not a tool's, such as resources and prompts: the rules that name a server at most. */
  ofServer(server: CatalogServer): readonly FormRedaction[] {
    const known = this.#byServer.get(server)
    if (known !== undefined) return known
    const found = this.#settings.redactions
      .filter(({ match }) => meansServer({ ...match, agents: undefined }, server))
      .filter(isByForm)
    this.#byServer.set(server, found)
    return found
  }

  /** For a request; undefined where nothing is taken out. */
  redacting(forms: readonly FormRedaction[], facts: Facts): Redacting | undefined {
    if (forms.length === 0) return
    return {
      forms,
      charsMax: this.textCharsMax,
      found: (warning) => warn(facts, [warning]),
    }
  }
}

const smallest = (sizes: readonly SizeRule[]): number | undefined =>
  sizes.length === 0 ? undefined : Math.min(...sizes.map(({ bytesMax }) => bytesMax))
