import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

/** A process beside this one that is talked to, and gone at the end. */
export class Child implements Disposable {
  readonly #process: ChildProcess

  constructor(file: string, args: readonly (string | number)[] = []) {
    this.#process = fork(join(import.meta.dirname, file), args.map(String), { execArgv: [] })
  }

  /** What it says next. */
  async told<T>(): Promise<T> {
    const [message] = await Promise.race([
      once(this.#process, "message"),
      once(this.#process, "exit").then(([code]) => {
        throw new Error(`a helper of the fault ended with ${code}`)
      }),
    ])
    return message
  }

  /** What it says to this. */
  ask<T>(message: object): Promise<T> {
    const answer = this.told<T>()
    this.#process.send(message)
    return answer
  }

  [Symbol.dispose](): void {
    this.#process.removeAllListeners("exit")
    this.#process.kill("SIGKILL")
  }
}
