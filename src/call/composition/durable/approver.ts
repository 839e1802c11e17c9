import { Cancellation } from "../../../compose/run/cancellation.ts"
import type { OpenQuestion } from "../../../compose/run/durable/answering.ts"
import type { PersonsAnswer } from "../../../compose/run/durable/event.ts"
import { isJournalTrouble } from "../../../compose/run/durable/journal.ts"
import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { written } from "../../../registry/model.ts"
import { isObject, type JsonObject, member } from "../../../schema/json.ts"
import { refused } from "../../backends.ts"
import type { Answer, CallRequest, Way } from "../../call.ts"
import { answerFault } from "../../interaction/answer-fault.ts"
import type { Capabilities } from "../../interaction/capabilities.ts"
import { canBeAsked, type RoundQuestion } from "../../interaction/round-result.ts"
import type { Permit } from "../../permit.ts"
import { answer as answerRun, questionsOf } from "./answer.ts"
import { stillWaiting } from "./answers.ts"
import { recoveredOrigin } from "./recovered.ts"
import type { Asked } from "./run-durably.ts"
import type { Look } from "./run-watch.ts"

/** So long it is waited for a journal that cannot be read. */
const patienceMs = 1_000

/** Who is asked, and because of which request. */
export interface Asking extends Pick<Asked, "inside"> {
  readonly permit: Pick<Permit, "caller"> & {
    readonly tool: Pick<Permit["tool"], "name" | "version">
  }
  readonly way: Pick<Way, "gateway" | "facts"> & {
    readonly request: Pick<CallRequest, "respondent" | "rounds" | "cancellation">
  }
}

/**
 * Asks the caller of a durable run what the run waits to be told (compositions §11.5): a modern client by the result of its
 * request, which comes back with the answer; a legacy client on its open stream. Whatever becomes of the call, the run
 * waits on.
 */
export class Approver {
  readonly #asked: Asking
  /** Run and path that the caller was asked about in the round before; used up with the first look. */
  #back: Back | undefined
  /** Who is asked, as far as was seen last. */
  #to: OpenQuestion["to"] = "caller"
  /** The client was asked on its stream, and did not answer. */
  #isInVain = false

  constructor(asked: Asking) {
    this.#asked = asked
    this.#back = backIn(asked.way.request.rounds?.state)
  }

  /** The run that the caller comes back to. */
  get runAnswered(): string | undefined {
    return this.#back?.run
  }

  /** What the caller gets; `again`: something has changed; undefined: it cannot be asked, and waits with the run. */
  async ask({ id }: RunRecord): Promise<Answer | "again" | undefined> {
    const { durable } = this.#asked.way.gateway.compositions
    const open = (await questionsOf(durable, id)) ?? []
    const question = open.find(({ to }) => to === "caller")
    this.#to = question === undefined && open.length > 0 ? "operator" : "caller"
    if (question === undefined) return
    const brought = this.#broughtFor(id, question)
    if (brought !== undefined) return this.take(id, question.path, brought)
    const { respondent, rounds } = this.#asked.way.request
    if (respondent?.kind !== "live" || !canBeAsked(respondent.capabilities, requestFor(question)))
      return
    if (rounds !== undefined) return inRound(id, question)
    return this.#isInVain ? undefined : this.#onStream(id, question)
  }

  /** The run waits for longer than its caller can. */
  vain(run: RunRecord): Answer {
    return stillWaiting(run, run.key !== undefined, this.#to)
  }

  get #who(): string {
    const { name, principal } = this.#asked.permit.caller
    return name ?? principal
  }

  #broughtFor(id: string, question: OpenQuestion): JsonObject | undefined {
    const back = this.#back
    this.#back = undefined
    if (back?.run !== id || back.path !== question.path) return
    const response = member(this.#asked.way.request.rounds?.responses ?? {}, keyOf(question))
    return isObject(response) ? response : undefined
  }

  async #onStream(id: string, question: OpenQuestion): Promise<Answer | "again" | undefined> {
    const { way, permit } = this.#asked
    const { respondent, cancellation } = way.request
    if (respondent?.kind !== "live") return
    const { interactions } = way.gateway
    const put = (one: Parameters<typeof respondent.put>[0]) => respondent.put(one)
    const peer = interactions.conversation(respondent.capabilities, nameOf(permit.tool), put)
    const request = requestFor(question)
    const shown = peer.ask(request)
    cancellation?.listen({ cancelled: () => shown.withdraw("the request is over") })
    const { durable } = way.gateway.compositions
    const look = durable.look(id)
    const answered = await Promise.race([
      shown.answer,
      this.#isOver(id, question, { look, isDone: () => shown.isOver }),
    ])
    look.close()
    cancellation?.release()
    if (answered === "over") {
      shown.withdraw("it was answered elsewhere")
      return "again"
    }
    if (answered.kind === "result" && answerFault(request.method, answered.result) === undefined)
      return this.take(id, question.path, answered.result)
    this.#isInVain = true
    way.facts.note = { ...way.facts.note, asked: [request.method] }
    return
  }

  /** Somebody else has answered it, or nobody can any more. Rejects only for a bug. */
  async #isOver(
    id: string,
    { path }: OpenQuestion,
    { look, isDone }: { readonly look: Look; readonly isDone: () => boolean },
  ): Promise<"over"> {
    const { durable } = this.#asked.way.gateway.compositions
    while (!isDone())
      try {
        const seen = await durable.journal.get(id)
        const open = await questionsOf(durable, id)
        if (seen === undefined || !open?.some((one) => one.path === path)) return "over"
        await look.moved(seen)
      } catch (error) {
        if (!isJournalTrouble(error)) throw error
        await durable.clock.sleep(patienceMs, new Cancellation())
      }
    return "over"
  }

  /** What the caller answered to the question of the step at this path; an answer says why it is of no use. */
  async take(id: string, path: string, result: JsonObject): Promise<Answer | "again"> {
    const { way, permit } = this.#asked
    const { tool } = permit
    const fault = answerFault("elicitation/create", result)
    if (fault !== undefined) return unusable(tool.name, fault)
    const { action, content } = result
    const answer: PersonsAnswer = {
      action: action === "accept" || action === "decline" ? action : "cancel",
      who: this.#who,
      ...(action === "accept" && { content: isObject(content) ? content : {} }),
    }
    const taken = await this.#answer(id, path, answer)
    if (taken.is === "misfit")
      return unusable(tool.name, taken.faults.map(({ line }) => line).join("; "))
    if (taken.is === "taken") way.facts.note = { ...way.facts.note, [answer.action]: path }
    return "again"
  }

  #answer(id: string, path: string, answer: PersonsAnswer) {
    const { gateway } = this.#asked.way
    const { inside } = this.#asked
    const { schemas, compositions } = gateway
    return answerRun(compositions.durable, { id, path, answer, schemas }, (record, plan) =>
      recoveredOrigin(record, plan, gateway, inside),
    )
  }
}

const nameOf = ({ name, version }: Asking["permit"]["tool"]): string =>
  written({ name, ...(version !== undefined && { version }) })

/** What its answer comes under. */
const keyOf = ({ path }: OpenQuestion): string => `approve:${path}`

/** Those that a caller who can be asked so much is asked, as clients are asked. */
export const askable = (
  questions: readonly OpenQuestion[],
  capabilities: Capabilities | undefined,
): readonly (RoundQuestion & { readonly path: string })[] =>
  questions
    .filter(({ to }) => to === "caller")
    .map((question) => ({ ...requestFor(question), path: question.path }))
    .filter((request) => capabilities !== undefined && canBeAsked(capabilities, request))

const requestFor = (question: OpenQuestion): RoundQuestion => ({
  key: keyOf(question),
  method: "elicitation/create",
  params: {
    message: question.message,
    requestedSchema: isObject(question.schema)
      ? question.schema
      : { type: "object", properties: {} },
  },
})

/** Its state is sealed on the way out: bound to the caller, to the tool with its arguments, and to a time. */
function inRound(run: string, question: OpenQuestion): Answer {
  const { key, method, params } = requestFor(question)
  const inputRequests = { [key]: { method, ...(params && { params }) } }
  const requestState = JSON.stringify([run, question.path])
  return { kind: "result", result: { resultType: "input_required", inputRequests, requestState } }
}

interface Back {
  readonly run: string
  readonly path: string
}

/** Reads a state of `inRound`, which was sealed: it is ours, or that of an earlier round. */
function backIn(state: string | undefined): Back | undefined {
  if (state === undefined) return
  const [run, path] = JSON.parse(state) as [string, string]
  return { run, path }
}

const unusable = (subject: string, words: string): Answer =>
  refused({ code: "invalid_round", subject, words, reason: words })
