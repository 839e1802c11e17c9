import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { Played } from "./world.ts"

/** The server of `test/support/flood-child.ts`. */
export class Flood implements Played {
  readonly port: number
  readonly isDirect = true
  readonly #child: ChildProcess

  static async open(seed: number, arrived: (args: unknown) => void): Promise<Flood> {
    const child = fork(join(import.meta.dirname, "../../support/flood-child.ts"), [String(seed)])
    const [{ port }] = await once(child, "message")
    child.on("message", (told: { arrived: unknown }) => arrived(told.arrived))
    return new Flood(port, child)
  }

  private constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
  }

  answer(how: "flood" | "honest"): void {
    this.#child.send(how)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await once(this.#child, "exit")
  }
}
