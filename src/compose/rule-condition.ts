import type { ASTNode } from "@marcbachmann/cel-js"
import { firstLine, memberNamed, memberOf, unfitness, walk } from "../registry/spec/expression.ts"
import { bareEnvironment } from "../registry/spec/expression-environment.ts"
import type { JsonObject } from "../schema/json.ts"
import { affords, costOf } from "./expr/cel-cost.ts"
import { beginRun } from "./expr/run.ts"

/** What the condition of an authorization rule sees. What a caller or a tool does not have is "" or empty. */
export interface RuleContext {
  readonly caller: {
    readonly name: string
    readonly version: string
    /** It is an agent of the registry. */
    readonly registered: boolean
    readonly trust: string
    readonly by: readonly string[]
    readonly issuer: string
    readonly subject: string
    readonly onBehalfOf: string
    readonly scopes: readonly string[]
    readonly claims: JsonObject
    readonly remote: string
  }
  readonly tool: {
    readonly name: string
    readonly version: string
    /** As `name@version`; none for a composition. */
    readonly servers: readonly string[]
    readonly tags: readonly string[]
    readonly annotations: JsonObject
  }
  /** The composition that makes the call, as `name@version`; "" for a caller's own. */
  readonly via: string
  /** As the caller sent them. Absent where nothing is called yet; see {@link RuleCondition.looksAtArguments}. */
  readonly args?: JsonObject
}

export interface RuleCondition {
  readonly source: string
  readonly looksAtArguments: boolean
  /** Members of `caller` that it names; all of them where it takes the caller as a whole. */
  readonly callerMembers: ReadonlySet<string>
  /** Claims that it names. */
  readonly claims: ReadonlySet<string>
  /** Total. Undefined where it is neither true nor false: a missing key, an overload, a budget, another type. */
  holds(context: RuleContext): boolean | undefined
}

export type ReadCondition =
  | { readonly ok: true; readonly condition: RuleCondition }
  /** `at` counts characters of the source from 1. */
  | { readonly ok: false; readonly why: string; readonly at: number | undefined }

/** Typed, so that a name that there is not is found when the rule is read and not when it must decide. */
const environment = bareEnvironment()
  .registerVariable({
    name: "caller",
    schema: {
      name: "string",
      version: "string",
      registered: "bool",
      trust: "string",
      by: "list<string>",
      issuer: "string",
      subject: "string",
      onBehalfOf: "string",
      scopes: "list<string>",
      claims: "map<string, dyn>",
      remote: "string",
    },
  })
  .registerVariable({
    name: "tool",
    schema: {
      name: "string",
      version: "string",
      servers: "list<string>",
      tags: "list<string>",
      annotations: "map<string, dyn>",
    },
  })
  .registerVariable("via", "string")
  .registerVariable("args", "map<string, dyn>")

/** Reads a condition in CEL. Nothing in it may take long, whatever it is given: see `expr/cel-cost.ts`. */
export function readRuleCondition(source: string): ReadCondition {
  try {
    return checked(source)
  } catch (error) {
    return broken(error) // the library's own, of several classes: no syntax, or over its limits
  }
}

function checked(source: string): ReadCondition {
  const program = environment.parse(source)
  const { ast } = program
  const unfit = unfitness(ast)
  if (unfit !== undefined) {
    const hint = unfit.hint === undefined ? "" : `; ${unfit.hint}`
    return { ok: false, why: `${unfit.why}${hint}`, at: undefined }
  }
  const { valid, type, error } = program.check()
  if (!valid) return broken(error)
  if (type !== "bool" && type !== "dyn")
    return { ok: false, why: `a condition is true or false, and this is ${type}`, at: undefined }
  const cost = costOf(ast)
  const holds = (context: RuleContext) => {
    if (!affords(cost, { ...context }, beginRun())) return
    try {
      const value: unknown = program({ ...context })
      return typeof value === "boolean" ? value : undefined
    } catch (error) {
      if (error instanceof Error) return
      throw error
    }
  }
  return { ok: true, condition: { source, ...mentioned(ast), holds } }
}

function broken(error: unknown): ReadCondition {
  const range: unknown = error instanceof Error && "range" in error ? error.range : undefined
  const start =
    typeof range === "object" && range !== null && "start" in range ? range.start : undefined
  return { ok: false, why: firstLine(error), at: typeof start === "number" ? start + 1 : undefined }
}

type Mentioned = Pick<RuleCondition, "looksAtArguments" | "callerMembers" | "claims">

const callerNames =
  "name version registered trust by issuer subject onBehalfOf scopes claims remote".split(" ")

function mentioned(ast: ASTNode): Mentioned {
  const visits = [...walk(ast)]
  const free = visits.filter(({ node, bound }) => !bound.has(rootOf(node) ?? ""))
  const named = free.flatMap(({ node }) => memberNamed(node) ?? [])
  const ofCaller = named.filter(({ root }) => root === "caller").map(({ member }) => member)
  const roots = free.flatMap(({ node }) => (node.op === "id" ? node.args : []))
  // Who names a root oftener than members of it looks at the whole.
  const isWhole = roots.filter((root) => root === "caller").length > ofCaller.length
  return {
    looksAtArguments: roots.includes("args"),
    callerMembers: new Set(isWhole ? callerNames : ofCaller),
    claims: new Set(free.flatMap(({ node }) => claimNamed(node) ?? [])),
  }
}

/** The variable at which a chain of members begins. */
function rootOf(node: ASTNode): string | undefined {
  if (node.op === "id") return node.args
  const member = memberOf(node)
  return member && rootOf(member.owner)
}

/** Of `caller.claims.team` it is `team`. */
function claimNamed(node: ASTNode): string | undefined {
  const claim = memberOf(node)
  const owner = claim && memberNamed(claim.owner)
  return owner?.root === "caller" && owner.member === "claims" ? claim?.name : undefined
}
