import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

/** A process beside this one that is talked to, and gone at the end. */
export class Child implements Disposable {
  readonly #process: ChildProcess
  readonly #ended: Promise<never>

  constructor(file: string, args: readonly (string | number)[] = []) {
    this.#process = fork(join(import.meta.dirname, file), args.map(String), { execArgv: [] })
    this.#ended = once(this.#process, "exit").then(([code]) => {
      throw new Error(`a helper of the fault ended with ${code}`)
    })
    this.#ended.catch(() => undefined) // whoever waits for a word is told
  }

  /** What it says next. */
  async told<T>(): Promise<T> {
    const [message] = await Promise.race([once(this.#process, "message"), this.#ended])
    return message
  }

  /** What it says to this. */
  ask<T>(message: object): Promise<T> {
    const answer = this.told<T>()
    this.#process.send(message)
    return answer
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL")
  }
}
