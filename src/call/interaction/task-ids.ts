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
}

const mark = "task"

/** Task ids that callers hold: sealed, so that any replica finds the way back and nobody can guess another's. */
export class TaskIds {
  readonly #sealer: Sealer

  constructor(sealer: Sealer) {
    this.#sealer = sealer
  }

  seal({ principal, tool, server, id }: TaskPlace): string {
    return this.#sealer.seal(JSON.stringify([mark, principal, tool, server, id]))
  }

  /** Undefined for what is no id of ours, and for another principal's. */
  open(taskId: string, principal: string): TaskPlace | undefined {
    const text = this.#sealer.open(taskId)
    if (text === undefined) return
    const [kind, whose, tool, server, id] = JSON.parse(text) as unknown[] // authenticated: ours, but a state may be, too
    if (kind !== mark || whose !== principal) return
    return { principal, tool: String(tool), server: String(server), id: String(id) }
  }
}
