import type { Catalog } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { asCaller } from "../as-caller.ts"
import type { Caller, Evidence } from "../caller.ts"
import type { Facts } from "../facts.ts"
import type { Following, News } from "../following.ts"
import type { Gateway } from "../gateway.ts"
import type { Inquiry } from "../inquiry.ts"
import { mayRead, reachOf } from "../permit.ts"
import { ok, type Result, refuse } from "../refusal.ts"
import { withCaller } from "../with-caller.ts"
import { qualifiedUri } from "./qualified.ts"
import { findResource } from "./relay.ts"

/** A resource by the caller's name for it, and who is told of its updates, in the caller's names. */
export interface Subscription {
  readonly uri: string
  updated(uri: string, params: JsonObject): void
}

/** Who subscribes. */
export interface Subscriber {
  readonly caller: Caller
  readonly catalog: Catalog
  readonly evidence: Evidence
}

/** Follows a resource for a caller that may read it, and for no other. One audit record. */
export function subscribe(
  subscription: Subscription,
  inquiry: Inquiry,
  gateway: Gateway,
): Promise<Result<Following>> {
  return withCaller(
    {
      inquiry,
      async answer(caller, catalog, facts) {
        facts.target = { type: "resource", name: subscription.uri }
        const excess = await gateway.rates?.content(caller, subscription.uri)
        if (excess !== undefined) return refuse(excess)
        const { evidence } = inquiry
        return followResource(subscription, { caller, catalog, evidence }, gateway, facts)
      },
      kind: () => "request",
    },
    gateway,
  )
}

/** The same where nobody asked: after a reload the gateway checks on its own account, and records nothing. */
export async function followResource(
  { uri, updated }: Subscription,
  { caller, catalog, evidence }: Subscriber,
  gateway: Gateway,
  facts?: Facts,
): Promise<Result<Following>> {
  const backends = asCaller(gateway.backends, caller, evidence)
  const reach = reachOf(catalog, caller, gateway.levels, gateway.rules(catalog))
  const found = await findResource(uri, reach, backends)
  if (!found.ok) return refuse({ code: "unknown_resource", uri, reason: found.reason })
  const { server } = found.reach
  if (facts !== undefined) facts.server = server
  const hear = (news: News) => {
    if (news.kind !== "resource" || !mayRead(found.reach, news.uri)) return
    const part = uri === found.own ? news.uri : qualifiedUri(server, news.uri)
    updated(news.uri === found.own ? uri : part, news.params)
  }
  const topic = { kind: "resource", uri: found.own } as const
  return ok(backends.follow(server, { topic, follower: { hear }, eagerness: "connect" }))
}
