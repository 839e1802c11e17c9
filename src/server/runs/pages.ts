import type { IncomingMessage } from "node:http"
import { isJournalTrouble } from "../../compose/run/durable/journal.ts"
import type { Refused } from "../../compose/run/durable/operate/operate.ts"
import { parseBody, readBody } from "../../mcp/face/body.ts"
import { json, type Page } from "../admin.ts"
import type { Limits } from "../limits.ts"
import { strangerOf } from "../stranger.ts"
import { listAsked } from "./asked.ts"
import type { RunDesk } from "./desk.ts"
import { isVerb, operationOf } from "./operation.ts"

type BodyLimits = Pick<Limits, "bodyBytes" | "bodyDepth" | "bodyNodes">

/**
 * `GET /runs`, `GET /runs/ID` and `POST /runs/ID/VERB`. They show arguments and change what happens, so they are for people
 * on this machine, and never for a web page that somebody has open there: a browser names the page in `Origin`, and sends no
 * JSON to another site without asking first.
 */
export function createRunPages(
  desk: RunDesk,
  limits: BodyLimits,
): (incoming: IncomingMessage) => Promise<Page> {
  return async (incoming) => {
    const stranger = strangerOf(incoming, "runs")
    if (stranger !== undefined) return json(403, { error: "forbidden", message: stranger })
    try {
      return await pageFor(incoming)
    } catch (error) {
      if (!isJournalTrouble(error)) throw error
      return json(503, { error: "run_journal_unavailable", message: error.message })
    }
  }

  async function pageFor(incoming: IncomingMessage): Promise<Page> {
    const { pathname, searchParams } = new URL(incoming.url ?? "", "http://localhost")
    const [, , id, verb, ...rest] = pathname.split("/")
    if (rest.length > 0) return notFound
    if (verb !== undefined) return posted(incoming, String(id), verb)
    if (!["GET", "HEAD"].includes(incoming.method ?? "")) return notAllowed("GET, HEAD")
    return id === undefined ? list(searchParams) : show(id)
  }

  async function list(query: URLSearchParams): Promise<Page> {
    const asked = listAsked(query)
    if (typeof asked === "string") return badRequest(asked)
    const runs = await desk.list(asked)
    return typeof runs === "string" ? badRequest(runs) : json(200, { runs })
  }

  async function show(id: string): Promise<Page> {
    const shown = await desk.show(id)
    return shown.ok ? json(200, shown.run) : refused(shown)
  }

  async function posted(incoming: IncomingMessage, id: string, verb: string): Promise<Page> {
    if (!isVerb(verb)) return notFound
    if (incoming.method !== "POST") return notAllowed("POST")
    const type = incoming.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase()
    if (type !== "application/json")
      return json(415, { error: "unsupported_media_type", message: "send application/json" })
    const bytes = await readBody(incoming, limits.bodyBytes)
    if (typeof bytes === "string") return tooLarge(limits.bodyBytes)
    const parsed = parseBody(bytes, limits.bodyDepth, limits.bodyNodes)
    if (!parsed.ok) return badRequest(parsed.fail.message)
    const operation = operationOf(verb, parsed.value)
    if (typeof operation === "string") return badRequest(operation)
    const operated = await desk.operate(id, operation)
    return operated.ok
      ? json(200, { run: id, verb, from: operated.from, status: operated.status })
      : refused(operated)
  }
}

const statusOf: Readonly<Record<Refused["code"], number>> = {
  not_found: 404,
  not_now: 409,
  conflict: 409,
  not_readable: 409,
  misfit: 422,
  audit_unavailable: 503,
}

const refused = ({ code, message }: Refused): Page => json(statusOf[code], { error: code, message })

const notFound = json(404, { error: "not found" })
const badRequest = (message: string): Page => json(400, { error: "bad_request", message })
const notAllowed = (allow: string): Page => ({
  ...json(405, { error: "method not allowed" }),
  headers: { allow },
})
const tooLarge = (bytesMax: number): Page => ({
  ...json(413, { error: "too_large", message: `the body is larger than ${bytesMax} bytes` }),
  headers: { connection: "close" },
})
