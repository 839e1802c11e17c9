import type { RuleContext } from "../../compose/rule-condition.ts"
import type { CatalogServer, CatalogTool, Scope } from "../../registry/catalog.ts"
import { type Ref, written } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { Caller } from "../caller.ts"
import { lackOf } from "./requirement.ts"
import { hintsOf, meansCaller, meansServer, meansTool, serversOf, type ToolRule } from "./rule.ts"

/** One call, or one tool that might be called. */
export interface Asked {
  /** The caller of the whole, where a composition makes the call. */
  readonly caller: Caller
  readonly tool: CatalogTool
  /** The composition that makes the call. */
  readonly via: Ref | undefined
}

/** What rules say of a call. */
export interface Verdict {
  readonly denial: Denial | undefined
  /** What rules that are only tried out would have refused. */
  readonly warnings: readonly string[]
}

export interface Denial {
  readonly rule: ToolRule
  /** In words for operators. */
  readonly reason: string
  /** Whether other arguments would be let through; what no argument changes hides the tool. */
  readonly isAboutArguments: boolean
  /** Where nothing but scopes of the token is lacking: all that the rule needs. */
  readonly scopes: readonly string[]
}

/** The rules of one configuration, ready to be asked. */
export class ToolRules {
  readonly all: readonly ToolRule[]
  readonly #byTool = new WeakMap<CatalogTool, readonly ToolRule[]>()
  readonly #byScope = new WeakMap<Scope, readonly CatalogTool[]>()

  constructor(all: readonly ToolRule[]) {
    this.all = all
  }

  /** Those that are about a tool, whoever calls it. */
  of(tool: CatalogTool): readonly ToolRule[] {
    const known = this.#byTool.get(tool)
    if (known !== undefined) return known
    const found = this.all.filter(({ match }) => meansTool(match, tool))
    this.#byTool.set(tool, found)
    return found
  }

  /** The tools of a scope that some rule is about. */
  about(scope: Scope): readonly CatalogTool[] {
    const known = this.#byScope.get(scope)
    if (known !== undefined) return known
    const found = [...scope.tools.values()].filter((tool) => this.of(tool).length > 0)
    this.#byScope.set(scope, found)
    return found
  }

  /** Whether a caller is denied all tools of a server, whatever they are. */
  closes(server: CatalogServer, caller: Caller): boolean {
    const tool = {
      name: "",
      version: "",
      servers: [written(server)],
      tags: [],
      annotations: {},
    }
    const asked = { caller, tool: () => tool, via: undefined }
    return this.all.some(
      (rule) =>
        rule.isEnforced &&
        meansServer(rule.match, server) &&
        meansCaller(rule.match, caller) &&
        denialBy(rule, asked, undefined) !== undefined,
    )
  }

  /**
   * Pure and total. Without arguments, as for a list, what looks at arguments has no say. Deny wins over all that is
   * satisfied; an evaluation that fails denies.
   */
  judge(asked: Asked, args: JsonObject | undefined): Verdict {
    const rules = this.of(asked.tool)
    if (rules.length === 0) return none
    const { caller, tool, via } = asked
    const about = { caller, tool: () => toolSeen(tool), via }
    const denials = rules.flatMap((rule) =>
      meansCaller(rule.match, caller) ? (denialBy(rule, about, args) ?? []) : [],
    )
    if (denials.length === 0) return none
    const tried = denials.filter(({ rule }) => !rule.isEnforced)
    return {
      denial: worst(denials.filter(({ rule }) => rule.isEnforced)),
      warnings: tried.map(({ rule }) => `would_deny: ${rule.id}`),
    }
  }
}

const none: Verdict = { denial: undefined, warnings: [] }

/** What nothing can mend before what other arguments mend, and that before what a better token does. */
function worst(denials: readonly Denial[]): Denial | undefined {
  const plain = denials.find(
    ({ isAboutArguments, scopes }) => !isAboutArguments && scopes.length === 0,
  )
  return plain ?? denials.find(({ isAboutArguments }) => isAboutArguments) ?? denials[0]
}

interface About extends Pick<Asked, "caller" | "via"> {
  readonly tool: () => RuleContext["tool"]
}

function denialBy(rule: ToolRule, asked: About, args: JsonObject | undefined): Denial | undefined {
  const { effect, id, reason } = rule
  const because = (why: string) => `rule ${id}: ${why}${reason === undefined ? "" : `: ${reason}`}`
  if (effect.kind === "require") {
    const lack = lackOf(effect, asked.caller)
    if (lack !== undefined) {
      const scopes =
        lack.scopes.length > 0 && asked.caller.tokenSays !== undefined ? effect.scopes : []
      return { rule, reason: because(`needs ${lack.words}`), isAboutArguments: false, scopes }
    }
  }
  const { condition } = effect
  if (condition === undefined)
    return effect.kind === "deny"
      ? { rule, reason: because("denied"), isAboutArguments: false, scopes: [] }
      : undefined
  const { looksAtArguments } = condition
  if (looksAtArguments && args === undefined) return
  const holds = condition.holds(contextOf(asked, args))
  if (holds === (effect.kind === "require")) return
  const why = holds === undefined ? "its condition cannot be evaluated" : condition.source
  return { rule, reason: because(why), isAboutArguments: looksAtArguments, scopes: [] }
}

function contextOf({ caller, tool, via }: About, args: JsonObject | undefined): RuleContext {
  return {
    caller: callerSeen(caller),
    tool: tool(),
    via: via === undefined ? "" : written(via),
    ...(args && { args }),
  }
}

/** Both are frozen or never changed, so what is seen of them is made once. */
const callers = new WeakMap<Caller, RuleContext["caller"]>()
const tools = new WeakMap<CatalogTool, RuleContext["tool"]>()

function callerSeen(caller: Caller): RuleContext["caller"] {
  const known = callers.get(caller)
  if (known !== undefined) return known
  const { name = "", version = "", issuer = "", subject = "", onBehalfOf = "" } = caller
  const { agent, trust, by, scopes, claims, remote } = caller
  const registered = agent !== undefined
  const who = { name, version, registered, trust, by, remote }
  const seen = { ...who, issuer, subject, onBehalfOf, scopes, claims }
  callers.set(caller, seen)
  return seen
}

function toolSeen(tool: CatalogTool): RuleContext["tool"] {
  const known = tools.get(tool)
  if (known !== undefined) return known
  const seen = {
    name: tool.name,
    version: tool.version ?? "",
    servers: serversOf(tool).map(written),
    tags: tool.entity.tags ?? [],
    annotations: { ...hintsOf(tool) },
  }
  tools.set(tool, seen)
  return seen
}
