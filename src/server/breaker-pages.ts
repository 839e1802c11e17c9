import type { IncomingMessage } from "node:http"
import type { GuardedBackends } from "../call/resilience/guarded-backends.ts"
import { json, type Page } from "./admin.ts"
import { strangerOf } from "./stranger.ts"

/** `POST /breakers/NAME@VERSION/reset`: the server is asked again at once. For people on this machine, as runs are. */
export function breakerPage(guarded: GuardedBackends, incoming: IncomingMessage): Page {
  const stranger = strangerOf(incoming, "breakers")
  if (stranger !== undefined) return json(403, { error: "forbidden", message: stranger })
  const { pathname } = new URL(incoming.url ?? "", "http://localhost")
  const server = /^\/breakers\/([^/]+)\/reset$/.exec(pathname)?.[1]
  if (server === undefined) return json(404, { error: "not found" })
  if (incoming.method !== "POST")
    return { ...json(405, { error: "method not allowed" }), headers: { allow: "POST" } }
  const [name = "", version] = named(server)
  if (!guarded.reset(version === undefined ? { name } : { name, version }))
    return json(404, { error: "not_found", message: "no server of this name is configured" })
  return json(200, { server: name, version, breaker: "closed" })
}

/** `name@version`, `name:version`, or a name, which may hold a slash as `%2F`. */
function named(server: string): string[] {
  try {
    return decodeURIComponent(server).split(/[@:]/)
  } catch {
    return []
  }
}
