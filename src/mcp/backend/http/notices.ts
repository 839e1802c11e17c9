import { Deadlines } from "../deadlines.ts"
import type { Failure } from "../failure.ts"
import type { Exchange } from "./exchange.ts"
import { Notice } from "./notice.ts"

/** The notices that a server has not answered yet. One that it never answers would hold its connection for ever. */
export class Notices {
  readonly #open: Deadlines<Exchange>

  /** Each is given up after `waitMs`. */
  constructor(waitMs: number) {
    this.#open = new Deadlines(waitMs, (late) => {
      if (late instanceof Notice) late.stop(untaken)
    })
  }

  /** One more, to be sent. */
  begin(): Notice {
    const notice = new Notice()
    this.#open.add(notice)
    void notice.outcome.then(() => this.#open.delete(notice))
    return notice
  }

  clear(): void {
    this.#open.clear()
  }
}

const untaken: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server did not take the message in time",
}
