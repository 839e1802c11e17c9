import type { ChangingList } from "../../../call/following.ts"
import { greet } from "../../../call/greet.ts"
import type { Inquiry } from "../../../call/inquiry.ts"
import { takesTasks } from "../../../call/interaction/capabilities.ts"
import type { RoundsRespondent } from "../../../call/interaction/peer.ts"
import { undeclared } from "../../../call/tasks/ask-task.ts"
import { isList, isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import { metaKeys } from "../../meta-keys.ts"
import type { MessageStream } from "../answer.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { codes, type Fail, fail, httpFail, resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import { fullWords } from "../stream-places.ts"
import { isAgreed, Subscriptions, updatedText } from "../subscriptions.ts"
import { messageOf, traceOf } from "../trace.ts"
import { Watch } from "../watch.ts"
import { evidenceIn } from "./envelope.ts"
import { ListenedTasks } from "./listened-tasks.ts"
import { respondentOf } from "./respondent.ts"

/** What a stream may tell of. */
interface Wish {
  readonly lists: readonly ChangingList[]
  readonly uris: readonly string[]
  /** The caller's ids of tasks (SEP-2663). */
  readonly taskIds: readonly string[]
}

/**
 * `subscriptions/listen`: a stream of the changes asked for. First it tells which of the wishes are honoured; where
 * none is, it ends at once. Each message names the request.
 */
export async function listen(
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
): Promise<void> {
  const { accepts, exchange, headers, message } = posted
  const { id, params } = message
  const wish = wishOf(params?.["notifications"], context.limits.subscriptionsMax)
  if ("code" in wish) return exchange.fail(wish, id)
  if (!accepts.stream) return exchange.fail(streamsOnly, id)
  const respondent = respondentOf(posted, envelope)
  if (wish.taskIds.length > 0 && !takesTasks(respondent.capabilities))
    return exchange.fail(refusalFail(undeclared, context.speaker), id)
  const evidence = evidenceIn(posted, envelope)
  const trace = traceOf(envelope, headers)
  const { method } = message
  const inquiry = { era: "modern", method, evidence, trace, message: messageOf(posted) } as const
  const greeting = await greet({ ...inquiry, session: undefined }, context.gateway)
  if (!greeting.ok) return exchange.fail(refusalFail(greeting.refusal, context.speaker), id)
  const full = context.streams.reserve(greeting.value.caller.principal, exchange.outgoing)
  if (full !== undefined) return exchange.fail(fail(200, codes.internal, fullWords(full)), id)
  const view = await context.viewOf(evidence, "modern")
  if (view === undefined) return exchange.fail(gone, id)

  const mark = { [metaKeys.subscriptionId]: id }
  const ear = new Ear(context, mark, { ...inquiry, wish, respondent })
  const honoured = await ear.begin(view.caller, view.catalog)
  const end = context.streams.open({
    outgoing: exchange.outgoing,
    era: "modern",
    evidence,
    untilMs: view.caller.untilMs,
    digest: wish.lists.includes("tools") ? view.digest : undefined,
    headers: {},
    through(connection) {
      connection.send(told("subscriptions/acknowledged", { notifications: honoured, _meta: mark }))
      ear.speak(connection)
      return connection
    },
    refreshed(now) {
      ear.watch.refresh(now.caller, now.catalog)
      void ear.subscriptions.refresh({ ...now, evidence })
    },
    changed: told("tools/list_changed", { _meta: mark }),
    closing: resultText(id, goodbye(mark, context.serverInfo)),
    ended: () => ear.end(),
  })
  if (end === undefined || exchange.outgoing.destroyed) ear.end() // nobody will tell of its end
  if (end === undefined) return exchange.fail(stopping, id)
  if (Object.keys(honoured).length === 0) end()
}

/** Who listens, and to what. */
interface Listener {
  readonly wish: Wish
  readonly respondent: RoundsRespondent
}

/** What is heard for one stream, before the stream is there and after. */
class Ear {
  readonly watch: Watch
  readonly subscriptions: Subscriptions
  readonly #tasks: ListenedTasks
  readonly #inquiry: Inquiry
  readonly #wish: Wish
  /** What came before the acknowledgement. */
  #early: Set<string> | undefined = new Set()
  #stream: MessageStream | undefined

  constructor(
    { gateway }: FaceContext,
    mark: JsonObject,
    { wish, respondent, ...inquiry }: Inquiry & Listener,
  ) {
    this.#inquiry = inquiry
    this.#wish = wish
    this.watch = new Watch(gateway, {
      evidence: inquiry.evidence,
      lists: wish.lists,
      eagerness: "connect",
      changed: (of) => this.#say(told(`${of}/list_changed`, { _meta: mark })),
    })
    this.subscriptions = new Subscriptions(gateway, (uri, params) =>
      this.#say(updatedText(uri, params, mark)),
    )
    this.#tasks = new ListenedTasks(gateway, { ...inquiry, respondent }, (task) =>
      this.#say(told("tasks", { ...task, _meta: { ...metaOf(task), ...mark } })),
    )
  }

  /** Asks the servers, waits a little for their word, and returns what of the wish is honoured. */
  async begin(...[caller, catalog]: Parameters<Watch["begin"]>): Promise<JsonObject> {
    const made = this.watch.begin(caller, catalog)
    const [uris, taskIds] = await Promise.all([
      this.#subscribe(),
      this.#tasks.follow(this.#wish.taskIds),
      isAgreed(this.watch.answered()),
    ])
    const lists = this.#wish.lists.filter((of) => of === "tools" || made.has(of))
    return {
      ...Object.fromEntries(lists.map((of) => [`${of}ListChanged`, true])),
      ...(uris.length > 0 && { resourceSubscriptions: uris }),
      ...(taskIds.length > 0 && { taskIds }),
    }
  }

  async #subscribe(): Promise<string[]> {
    const asked = this.#wish.uris.map(async (uri) => {
      const subscribed = await this.subscriptions.add(uri, this.#inquiry)
      if (!subscribed.ok) return []
      if (await isAgreed(subscribed.value.agreed)) return [uri]
      this.subscriptions.remove(uri)
      return []
    })
    return (await Promise.all(asked)).flat()
  }

  speak(stream: MessageStream): void {
    for (const text of this.#early ?? []) stream.send(text)
    this.#early = undefined
    this.#stream = stream
  }

  #say(text: string): void {
    this.#early?.add(text)
    this.#stream?.send(text)
  }

  end(): void {
    this.watch.end()
    this.subscriptions.end()
    this.#tasks.end()
  }
}

const changingLists = ["tools", "prompts", "resources"] as const

function wishOf(wanted: Json | undefined, itemsMax: number): Wish | Fail {
  if (!isObject(wanted)) return badParams("notifications: expected an object")
  const { resourceSubscriptions: uris = [], taskIds = [] } = wanted
  if (!isTexts(uris))
    return badParams("notifications.resourceSubscriptions: expected a list of URIs")
  if (!isTexts(taskIds)) return badParams("notifications.taskIds: expected a list of ids")
  if (uris.length > itemsMax) return tooMany("resourceSubscriptions", itemsMax)
  if (taskIds.length > itemsMax) return tooMany("taskIds", itemsMax)
  const lists = changingLists.filter((of) => wanted[`${of}ListChanged`] === true)
  return { lists, uris: [...new Set(uris)], taskIds: [...new Set(taskIds)] }
}

const isTexts = (value: Json): value is readonly string[] =>
  isList(value) && value.every((one) => typeof one === "string")

const metaOf = ({ _meta: meta }: JsonObject): JsonObject => (isObject(meta) ? meta : {})

const told = (name: string, params: object): string =>
  JSON.stringify({ jsonrpc: "2.0", method: `notifications/${name}`, params })

const goodbye = (mark: JsonObject, serverInfo: JsonObject): string =>
  JSON.stringify({
    resultType: "complete",
    _meta: { ...mark, [metaKeys.serverInfo]: serverInfo },
  })

const badParams = (words: string): Fail =>
  fail(200, codes.invalidParams, `Invalid params: ${words}`)
const tooMany = (what: string, max: number): Fail =>
  badParams(`notifications.${what}: more than ${max} (limits.subscriptions)`)
const streamsOnly = httpFail(406, "Not acceptable: subscriptions/listen answers text/event-stream")
const stopping = fail(200, codes.internal, "The gateway is stopping")
const gone = fail(200, codes.internal, "The caller is no longer known")
