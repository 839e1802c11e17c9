import type { RpcId } from "../../jsonrpc.ts"
import type { EventStream } from "../answer.ts"
import type { Session } from "../sessions.ts"
import type { ResumableStream } from "./resumable-stream.ts"

/** The revision from which on clients understand an event without a message. */
const firstPrimed = "2025-11-25"

/** How the answer to one request of a session becomes a stream that can be taken up again. */
export class Resumption {
  readonly #session: Session
  readonly #id: RpcId
  readonly #retryMs: number

  constructor(session: Session, id: RpcId, retryMs: number) {
    this.#session = session
    this.#id = id
    this.#retryMs = retryMs
  }

  get isPrimed(): boolean {
    return isPrimed(this.#session)
  }

  begin(connection: EventStream): ResumableStream {
    const stream = this.#session.replay.begin(this.#id)
    stream.connect(connection)
    if (isPrimed(this.#session)) stream.prime(this.#retryMs)
    return stream
  }
}

export const isPrimed = ({ token }: Session): boolean => token.version >= firstPrimed
