/** News of the server, whatever request it says them beside. */
const ofServer: ReadonlySet<unknown> = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  // Under ids of its own: the gateway looks at tasks itself, and tells of them under the caller's.
  "notifications/tasks/status",
  "notifications/tasks",
  // Answers to what only the gateway asks, and what only clients say.
  "notifications/subscriptions/acknowledged",
  "notifications/initialized",
  "notifications/roots/list_changed",
])

/** About one request, and without meaning when that is answered. */
const ofRequest: ReadonlySet<unknown> = new Set([
  "notifications/progress",
  "notifications/message",
  "notifications/cancelled",
])

/**
 * Whether a notification on the stream of a request belongs to that request: those that MCP defines for requests, and
 * all that MCP does not know, which are passed on.
 */
export const isOfRequest = (method: unknown): boolean => !ofServer.has(method)

/** Whether it still means something after the answer. */
export const outlivesRequest = (method: unknown): boolean => !ofRequest.has(method)

/** Whether what comes beside all requests says something to the gateway; else it is for its log. */
export const isUnderstood = (method: unknown): boolean =>
  ofServer.has(method) ||
  method === "notifications/progress" ||
  method === "notifications/cancelled" ||
  method === "notifications/elicitation/complete"
