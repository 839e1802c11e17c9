import { written as refWritten } from "../../registry/model.ts"
import { digest } from "../../schema/canonical.ts"
import type { Json, JsonObject } from "../../schema/json.ts"
import { member } from "../../schema/json.ts"
import { bindCondition } from "../expr/bind-condition.ts"
import type { Expr } from "../expr/expr.ts"
import { given, listIn, numberIn, textIn, textsIn, wordIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { item, type PolicyContext, type Spot, self } from "./lowering.ts"
import type { Node } from "./plan.ts"
import type { Breaker, Cache, Once, Throttle } from "./policies.ts"

/** Policies that keep something between calls, and so have a name: once, cache, throttle, breaker. */

type Lower<P> = (written: JsonObject | undefined, context: PolicyContext) => P | undefined

export const oncePolicy: Lower<Once> = (written, { lowering, spot }) =>
  written && {
    // Without the version: an upgrade must not do a thing twice.
    space: `${lowering.tool.name}/${spot.path}`,
    key: keyOf(written),
    ...given({ ttlMs: numberIn(written, "ttlMs") || undefined }),
    onDuplicate: wordIn(written, "onDuplicate", ["cached", "skip", "error"]) ?? "cached",
  }

export const cachePolicy: Lower<Cache> = (written, { lowering, node, spot }) =>
  written && {
    // Whoever keeps by a part of the input says that the rest is always the same, and that is so in this place alone.
    space: [spaceOf(node), ...(listIn(written, "key") ? [ownName({ lowering, spot })] : [])].join(
      " ",
    ),
    key: keyOf(written),
    ttlMs: numberIn(written, "ttlMs") ?? 0,
    ...given({
      staleMs: numberIn(written, "staleMs"),
      if: onResult(member(written, "if"), inside(inside(spot, "cache"), "if")),
    }),
  }

export const throttlePolicy: Lower<Throttle> = (written, context) =>
  written && {
    name: nameOf(context.node) ?? ownName(context),
    rate: numberIn(written, "rate") ?? 1,
    windowMs: numberIn(written, "windowMs") ?? 0,
    strategy:
      wordIn(written, "strategy", [
        "sliding_window",
        "token_bucket",
        "fixed_window",
        "leaky_bucket",
      ]) ?? "sliding_window",
    onExceeded: wordIn(written, "onExceeded", ["wait", "reject", "queue"]) ?? "wait",
  }

export const breakerPolicy: Lower<Breaker> = (written, context) =>
  written && {
    name: textIn(written, "name") ?? ownName(context),
    failures: numberIn(written, "failures") ?? 1,
    windowMs: numberIn(written, "windowMs") ?? 0,
    resetMs: numberIn(written, "resetMs") ?? 0,
    successes: numberIn(written, "successes") ?? 1,
    ...given({
      if: onResult(member(written, "if"), inside(inside(context.spot, "breaker"), "if")),
    }),
  }

/** A condition on a result. */
const onResult = (condition: Json | undefined, spot: Spot): Expr | undefined =>
  condition === undefined ? undefined : bindCondition(condition, item, spot)

/** By place, so that an absent first part and an absent second one differ; without paths the whole input. */
function keyOf(written: JsonObject): Expr {
  if (listIn(written, "key") === undefined) return self
  const parts = textsIn(written, "key").map((path, index): [string, Expr] => [
    String(index),
    { kind: "path", of: "self", path },
  ])
  return { kind: "construct", fields: Object.fromEntries(parts) }
}

const ownName = ({ lowering: { tool }, spot }: Pick<PolicyContext, "lowering" | "spot">): string =>
  `${tool.name}@${tool.version ?? ""}/${spot.path}`

/** What is called, with its version. */
function nameOf(node: Node): string | undefined {
  if (node.kind !== "call") return
  const { target } = node
  switch (target.kind) {
    case "tool":
      return `${target.name}@${target.version ?? ""}`
    case "agent":
      return `${target.name}@${target.version ?? ""}#${target.skill}`
    case "direct":
      return `${target.server}@${target.serverVersion ?? ""}/${target.tool}`
  }
}

/** Two nodes that may answer differently have different ones. */
function spaceOf(node: Node): string {
  const name = nameOf(node)
  if (name === undefined || node.kind !== "call") return digest(node as unknown as Json) // plain JSON by its type
  return node.server === undefined ? name : `${name} on ${refWritten(node.server)}`
}
