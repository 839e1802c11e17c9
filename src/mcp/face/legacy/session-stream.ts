import type { ChangingList } from "../../../call/following.ts"
import type { ResumableStream } from "../resume/resumable-stream.ts"
import type { Session } from "../sessions.ts"

/** The stream of a session for what belongs to no request. While no connection carries it, it keeps what it is told. */
export function streamOf(session: Session): ResumableStream {
  session.stream ??= session.replay.begin(undefined)
  return session.stream
}

export const changedText = (of: ChangingList): string =>
  `{"jsonrpc":"2.0","method":"notifications/${of}/list_changed"}`
