import { isObject, type JsonObject } from "../../schema/json.ts"
import type { TaskEra } from "../tasks/shape.ts"
import type { Capabilities } from "./capabilities.ts"
import type { Sealer } from "./request-state.ts"

/** Which task of which server a caller means by a task id of ours. */
export interface TaskPlace {
  /** `Caller.principal`: a task in other hands is no task. */
  readonly principal: string
  /** The registry's name of the tool that it came from. */
  readonly tool: string
  /** Name and version of the server, and its own id of the task. */
  readonly server: string
  readonly id: string
  /** Of the server. */
  readonly era: TaskEra
  /**
   * The capabilities that the server was told the caller has, and the caller's own session. They find the session that
   * the task was begun in, since a legacy server may know the task only there.
   */
  readonly capabilities: Capabilities | undefined
  readonly session: string | undefined
}

const mark = "task"

/** Task ids that callers hold: sealed, so that any replica finds the way back and nobody can guess another's. */
export class TaskIds {
  readonly #sealer: Sealer

  constructor(sealer: Sealer) {
    this.#sealer = sealer
  }

  seal({ principal, tool, server, id, era, capabilities, session }: TaskPlace): string {
    const members = [mark, principal, tool, server, id, era, capabilities ?? null, session ?? null]
    return this.#sealer.seal(JSON.stringify(members))
  }

  /** Undefined for anything that is not an id of ours, and for another principal's. */
  open(taskId: string, principal: string): TaskPlace | undefined {
    const text = this.#sealer.open(taskId)
    if (text === undefined) return
    const members = JSON.parse(text) as JsonObject[string][] // authenticated: ours, but a state may be, too
    const [kind, whose, tool, server, id, era, capabilities, session] = members
    if (kind !== mark || whose !== principal) return
    return {
      principal,
      tool: String(tool),
      server: String(server),
      id: String(id),
      era: era === "legacy" ? era : "modern",
      capabilities: isObject(capabilities) ? capabilities : undefined,
      session: typeof session === "string" ? session : undefined,
    }
  }
}
