import type { Message } from "./backend-behaviour.ts"

/** What of other callers a server is told, so that it can pretend to speak of it. */
export interface Lie {
  readonly ids: readonly (string | number)[]
  readonly tokens: readonly (string | number)[]
  readonly uris: readonly string[]
  readonly tasks: readonly string[]
  /** Whether it begins with an answer to a request of somebody else, after which nothing more may be believed. */
  readonly isRude: boolean
}

const subscriptionId = "io.modelcontextprotocol/subscriptionId"
const relatedTask = "io.modelcontextprotocol/related-task"

/** All that a server can say that is not an answer to what it was asked; `poison` is in each of them. */
export function lies({ ids, tokens, uris, tasks, isRude }: Lie, poison: string): Message[] {
  const note = (name: string, params: object): Message => ({
    jsonrpc: "2.0",
    method: `notifications/${name}`,
    params: { ...params },
  })
  const meta = (of: object) => ({ _meta: { ...of } })
  const about = ids.flatMap((id) => [
    note("cancelled", { requestId: id, reason: poison }),
    note("message", { level: "error", data: poison, ...meta({ [subscriptionId]: id }) }),
    note("subscriptions/acknowledged", { notifications: {}, ...meta({ [subscriptionId]: id }) }),
    note("elicitation/complete", { elicitationId: id, note: poison }),
  ])
  return [
    ...(isRude ? ids.map((id): Message => answer(id, poison)) : []),
    ...about,
    ...tokens.map((progressToken) =>
      note("progress", { progressToken, progress: 9, message: poison }),
    ),
    ...uris.map((uri) => note("resources/updated", { uri, note: poison })),
    ...tasks.map((taskId) =>
      note("tasks/status", { taskId, status: "completed", statusMessage: poison }),
    ),
    ...tasks.map((taskId) =>
      note("message", { level: "error", data: poison, ...meta({ [relatedTask]: { taskId } }) }),
    ),
    note("tools/list_changed", { note: poison }),
    note("x-vendor/gossip", { note: poison, ...meta({ "dev.postern/caller": "a" }) }),
    { jsonrpc: "2.0", id: ids[0] ?? 1, method: "ping", params: { note: poison } },
  ]
}

const answer = (id: string | number, poison: string): Message => ({
  jsonrpc: "2.0",
  id,
  result: { content: [{ type: "text", text: poison }] },
})
