import type { CatalogTool } from "../../registry/catalog.ts"
import { type Dependency, type Ref, written } from "../../registry/model.ts"
import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { given, listIn, objectIn, textIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { effectOf, worst } from "./effect.ts"
import { type Callables, type Lowered, type Lowering, nothing, type Spot } from "./lowering.ts"
import { measure } from "./measure.ts"
import type { CallNode, Candidate, GraphNode } from "./plan.ts"

/** What `tool` names: a registered tool or composition, a tool of a server, or one that data chooses. */
export function lowerTool(call: Json, spot: Spot, lowering: Lowering): Lowered {
  if (typeof call === "string") return lowerNamed({ name: call }, spot, lowering)
  if (!isObject(call)) return nothing
  if (Object.hasOwn(call, "choose")) return lowerChoice(call, spot, lowering)
  const name = textIn(call, "name") ?? ""
  const server = textIn(call, "server")
  if (server === undefined)
    return lowerNamed({ name, ...given({ version: textIn(call, "version") }) }, spot, lowering)
  const target = {
    kind: "direct",
    server,
    ...given({ serverVersion: textIn(call, "serverVersion") }),
    tool: name,
  } as const
  // Past the registry nothing is known of a tool.
  return { node: { kind: "call", target, effect: "unproven" }, effect: "unproven" }
}

/** A skill of an agent, in the version that `depends` gives. */
export function lowerAgent(call: JsonObject, spot: Spot, { depends }: Lowering): Lowered {
  const name = textIn(call, "name") ?? ""
  const skill = textIn(call, "skill")
  const version = textIn(call, "version")
  const granted = depends.filter((grant) => {
    if (grant.type !== "agent" || grant.name !== name) return false
    return fits(skill, grant.skill) && fits(version, grant.version)
  })
  const [grant] = granted
  if (grant === undefined) return notGranted("agent", name, spot)
  if (granted.length > 1 || grant.skill === undefined) return ambiguous("agent", name, spot)
  const target = {
    kind: "agent",
    name,
    ...given({ version: grant.version }),
    skill: grant.skill,
  } as const
  return { node: { kind: "call", target, effect: "unproven" }, effect: "unproven" }
}

const fits = (asked: string | undefined, granted: string | undefined): boolean =>
  asked === undefined || asked === granted

interface Named {
  readonly name: string
  readonly version?: string
}

function lowerNamed({ name, version }: Named, spot: Spot, lowering: Lowering): Lowered {
  const granted = toolsGranted(lowering).filter(
    (grant) => grant.name === name && fits(version, grant.version),
  )
  const [grant] = granted
  if (grant === undefined) return notGranted("tool", name, spot)
  if (granted.length > 1) return ambiguous("tool", name, spot)
  return lowerGranted(grant, spot, lowering) ?? nothing
}

const toolsGranted = ({ depends }: Lowering): readonly Dependency[] =>
  depends.filter(({ type }) => type === "tool")

interface Callee extends Lowered {
  readonly node: CallNode | GraphNode
}

function lowerGranted(grant: Dependency, spot: Spot, lowering: Lowering): Callee | undefined {
  const tool = registered(grant, lowering.catalog)
  if (tool === undefined) {
    spot.report({
      code: "tool_not_found",
      severity: "error",
      pointer: spot.pointer,
      message: `there is no tool ${written(grant)}`,
    })
    return
  }
  if (tool.implementation.kind === "source") return callOf(tool)
  const node = lowering.inlined(tool, spot)
  return node && { node, effect: measure(node.graph).effect }
}

/** A composition that cannot be called has no plan. */
export const isThere = (tool: CatalogTool | undefined): tool is CatalogTool =>
  tool !== undefined && (tool.implementation.kind === "source" || tool.unavailable === undefined)

/** A version that an entity without one stands in for is looked up without it. */
export function registered({ name, version }: Ref, catalog: Callables): CatalogTool | undefined {
  const exact = catalog.tool(name, version) ?? catalog.tool(name, undefined)
  if (exact !== undefined || version !== undefined) return exact
  const [only, ...others] = catalog.toolsNamed(name)
  return others.length === 0 ? only : undefined
}

function callOf({ name, version, entity, shown, implementation }: CatalogTool): Callee {
  const { source } = entity
  const declared = effectOf(shown.annotations)
  // To say how a tool takes keys is to say that it honours them.
  const effect = source?.idempotency !== undefined && declared !== "read" ? "idempotent" : declared
  const server = implementation.kind === "source" ? implementation.server : undefined
  const node: CallNode = {
    kind: "call",
    target: { kind: "tool", name, ...given({ version }) },
    effect,
    ...given({ wrap: onlyProperty(shown.inputSchema), idempotency: source?.idempotency }),
    ...(server && { server: { name: server.name, ...given({ version: server.version }) } }),
  }
  return { node, effect }
}

/** The property that an input which is no object can only be meant for. */
export function onlyProperty(schema: JsonObject): string | undefined {
  const required = listIn(schema, "required") ?? []
  const names = required.length === 1 ? required : Object.keys(objectIn(schema, "properties") ?? {})
  const [only] = names
  return names.length === 1 && typeof only === "string" ? only : undefined
}

/** `{ choose, among? }`: the candidates are known, which of them is called is not. */
function lowerChoice(call: JsonObject, spot: Spot, lowering: Lowering): Lowered {
  const among = member(call, "among")
  const candidates = isList(among)
    ? among.flatMap((one, index) =>
        candidateOf(one, inside(inside(spot, "among"), index), lowering),
      )
    : toolsGranted(lowering).flatMap((grant) => {
        // What is missing has been told of when the document was loaded; whoever chooses it is refused.
        if (!isThere(registered(grant, lowering.catalog))) return []
        const callee = lowerGranted(grant, spot, lowering)
        return callee === undefined ? [] : [{ name: grant.name, ...callee }]
      })
  const names = candidates.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) ambiguous("tool", twice, spot)
  const by = bind(member(call, "choose") ?? null, inside(spot, "choose"))
  return {
    node: { kind: "choose", by, among: candidates.map(({ name, node }) => ({ name, node })) },
    effect: worst(...candidates.map(({ effect }) => effect)),
  }
}

function candidateOf(
  call: Json,
  spot: Spot,
  lowering: Lowering,
): readonly (Candidate & Lowered & { readonly node: Candidate["node"] })[] {
  const name = isObject(call) ? textIn(call, "name") : call
  const { node, effect } = lowerTool(call, spot, lowering)
  const isCallee = node.kind === "call" || node.kind === "graph"
  return typeof name === "string" && isCallee ? [{ name, node, effect }] : []
}

function notGranted(kind: "tool" | "agent", name: string, { report, pointer }: Spot): Lowered {
  report({
    code: "call_not_in_depends",
    severity: "error",
    pointer,
    message: `calls ${kind} ${JSON.stringify(name)}, which is not in the depends of this composition`,
    hint: "add it to depends, with its version",
    data: { kind, name },
  })
  return nothing
}

function ambiguous(kind: "tool" | "agent", name: string, { report, pointer }: Spot): Lowered {
  report({
    code: "reference_ambiguous",
    severity: "error",
    pointer,
    message: `depends has several of ${kind} ${JSON.stringify(name)}, and the call does not say which`,
    hint: "write the version of the call",
    data: { kind, name },
  })
  return nothing
}
