/** What callers may ask, of both eras. */
const methods: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "subscriptions/listen",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "prompts/list",
  "prompts/get",
  "completion/complete",
  "logging/setLevel",
  "tasks/get",
  "tasks/result",
  "tasks/update",
  "tasks/cancel",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
])

/** A method for what must be of few values, whatever callers make up. */
export const knownMethod = (method: string): string => (methods.has(method) ? method : "_OTHER")

/**
 * Whether a server gave the prompt that was asked for. Another may be made up: a caller that reaches one server alone may
 * ask it for what is in no list.
 */
export const isGiven = (method: string, error: unknown): boolean =>
  method === "prompts/get" && error === undefined
