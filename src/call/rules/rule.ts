import type { RuleCondition } from "../../compose/rule-condition.ts"
import type { CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { type Ref, refOf, written } from "../../registry/model.ts"
import { fits } from "../allowance.ts"
import type { Trust } from "../caller.ts"
import { sourcesOf } from "../servers.ts"

/** What configuration takes away from what `depends` grants. There is no rule that grants. */
export interface ToolRule {
  readonly id: string
  readonly match: RuleMatch
  readonly effect: RuleEffect
  /** For the audit and `explain`; no caller is told. */
  readonly reason: string | undefined
  /** What the caller is told where its arguments are the cause: what would be right. */
  readonly message: string | undefined
  /** False: what it would refuse is let through and noted. */
  readonly isEnforced: boolean
}

export type RuleEffect =
  /** Without a condition: always. */
  | { readonly kind: "deny"; readonly condition: RuleCondition | undefined }
  /** All of it must hold. */
  | ({ readonly kind: "require"; readonly condition: RuleCondition | undefined } & Requirement)

/** What a caller must be able to prove. */
export interface Requirement {
  readonly trust: Trust | undefined
  readonly scopes: readonly string[]
  /** Each claim with the values of which it must have, or hold, one. */
  readonly claims: ReadonlyMap<string, readonly Scalar[]>
}
export type Scalar = string | number | boolean

/**
 * Which calls a rule is about: those that each member means. Undefined: any. Patterns are of names or of `name@version`,
 * in which `*` stands for any characters.
 */
export interface RuleMatch {
  readonly agents: readonly string[] | undefined
  readonly tools: readonly string[] | undefined
  /** One of the servers that the tool may go to. */
  readonly servers: readonly string[] | undefined
  /** One of these must be a tag of the tool. */
  readonly tags: readonly string[] | undefined
  readonly annotations: WantedHints | undefined
}

/** What a tool says of its effects, with what MCP says holds where it says nothing (ToolAnnotations). */
export interface Hints {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}

/** Those that must be so. */
export type WantedHints = { readonly [Hint in keyof Hints]?: boolean | undefined }

export function hintsOf({ shown: { annotations = {} } }: CatalogTool): Hints {
  const isReadOnly = annotations["readOnlyHint"] === true
  return {
    readOnlyHint: isReadOnly,
    destructiveHint: !isReadOnly && annotations["destructiveHint"] !== false,
    idempotentHint: isReadOnly || annotations["idempotentHint"] === true,
    openWorldHint: annotations["openWorldHint"] !== false,
  }
}

export const serversOf = ({ implementation }: CatalogTool): readonly Ref[] =>
  sourcesOf(implementation).map(({ server }) => refOf(server))

/** Whether a rule is about a tool, whoever calls it. */
export function meansTool({ tools, servers, tags, annotations }: RuleMatch, tool: CatalogTool) {
  const own = tool.entity.tags ?? []
  return (
    (tools === undefined || fitsRef(tools, refOf(tool))) &&
    (servers === undefined || serversOf(tool).some((server) => fitsRef(servers, server))) &&
    (tags === undefined || own.some((tag) => tags.some((pattern) => fits(pattern, tag)))) &&
    (annotations === undefined || agree(annotations, hintsOf(tool)))
  )
}

/** Whether a rule is about a server as a whole: about all of its tools, whatever they are. */
export const meansServer = (
  { tools, servers, tags, annotations }: RuleMatch,
  server: CatalogServer,
): boolean =>
  tools === undefined &&
  tags === undefined &&
  annotations === undefined &&
  (servers === undefined || fitsRef(servers, refOf(server)))

/** A caller without a name is meant by `*`. */
export const meansCaller = (
  { agents }: RuleMatch,
  {
    name = "",
    version,
  }: { readonly name?: string | undefined; readonly version?: string | undefined },
): boolean => agents === undefined || fitsRef(agents, refOf({ name, version }))

export const fitsRef = (patterns: readonly string[], ref: Ref): boolean =>
  patterns.some((pattern) => fits(pattern, ref.name) || fits(pattern, written(ref)))

const agree = (wanted: WantedHints, hints: Hints): boolean =>
  hintNames.every((hint) => wanted[hint] === undefined || wanted[hint] === hints[hint])

const hintNames = [
  "readOnlyHint",
  "destructiveHint",
  "idempotentHint",
  "openWorldHint",
] as const satisfies readonly (keyof Hints)[]
