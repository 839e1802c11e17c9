/** Jobs in one batch: a statement of all that ten thousand runs have to write at once would be refused. */
const batchMax = 1_000

/**
 * Gathers what comes in while one batch is under way, and sends it with the next: one round to the database, and one commit,
 * for all of it. A batch ends with an answer for each of its jobs, in their order, or fails for all of them.
 */
export class Batcher<Job, Answer> {
  readonly #send: (jobs: readonly Job[]) => Promise<readonly Answer[]>
  readonly #waiting: { readonly job: Job; readonly answer: PromiseWithResolvers<Answer> }[] = []
  #sending: Promise<void> | undefined

  constructor(send: (jobs: readonly Job[]) => Promise<readonly Answer[]>) {
    this.#send = send
  }

  add(job: Job): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>()
    this.#waiting.push({ job, answer })
    this.#sending ??= this.#sendAll()
    return answer.promise
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    await new Promise(setImmediate) // whatever else this turn of the loop has to write
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax)
      try {
        const answers = await this.#send(batch.map(({ job }) => job))
        for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index] as Answer) // one for each
      } catch (error) {
        for (const { answer } of batch) answer.reject(error)
      }
    }
    this.#sending = undefined
  }
}
