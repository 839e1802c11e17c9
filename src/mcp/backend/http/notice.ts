import { closing, type Failure } from "../failure.ts"
import { Exchange } from "./exchange.ts"

const bytesMax = 64 * 1024

/** A POST or DELETE whose answer is only a status: notifications, our responses, the end of a session. */
export class Notice extends Exchange {
  /** Undefined when it was taken; never rejects. */
  readonly outcome: Promise<Failure | undefined>
  readonly #resolve: (failure: Failure | undefined) => void

  constructor() {
    super({ bytesMax, streamBytesMax: bytesMax })
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
    this.outcome = promise
    this.#resolve = resolve
  }

  stop(failure: Failure): void {
    this.close()
    this.#resolve(failure)
  }

  /** Ends when it was taken or refused, or, given up, after this time. */
  async within(ms: number): Promise<void> {
    const late = setTimeout(() => this.stop(closing), ms)
    await this.outcome
    clearTimeout(late)
  }

  protected override answered(_text: string): void {
    this.#resolve(this.refusedByStatus(undefined))
  }

  protected override streamed(_text: string): void {}

  protected override streamEnded(): void {
    this.#resolve(undefined)
  }

  protected override failed(failure: Failure): void {
    this.#resolve(failure)
  }
}
