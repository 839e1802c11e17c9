import type { Cancellation } from "../../call/cancellation.ts"
import type { MuteRespondent } from "../../call/interaction/peer.ts"
import { Shares } from "../../call/shares.ts"
import type { RpcId } from "../jsonrpc.ts"
import type { SessionQuestions } from "./legacy/session-questions.ts"
import type { FaceLimits } from "./limits.ts"
import type { Replay, Replays } from "./resume/replays.ts"
import type { ResumableStream } from "./resume/resumable-stream.ts"
import type { Seal } from "./seal.ts"
import { openToken, type SessionToken, sealToken } from "./session-token.ts"
import type { Subscriptions } from "./subscriptions.ts"
import type { Watch } from "./watch.ts"

/** What this process knows of a session beside its token. Lost at a restart, and none of it is missed for long. */
export interface Session {
  readonly sealed: string
  readonly token: SessionToken
  usedMs: number
  /** Of `logging/setLevel`; undefined until the client asks. */
  logLevel: string | undefined
  /** Of the last `tools/list` answered here: what the client knows. */
  listDigest: string | undefined
  /** The calls in flight, by the client's id, for `notifications/cancelled`. */
  readonly calls: Map<RpcId, Cancellation>
  /** What its client is asked; undefined before the first question. */
  questions: SessionQuestions | undefined
  /** For a client that can be asked nothing: the same for all its requests; undefined before the first. */
  mute: MuteRespondent | undefined
  /** The streams that its client can come back to. */
  readonly replay: Replay
  /** What goes over the session's GET stream, whether one is open or not; undefined before the first. */
  stream: ResumableStream | undefined
  /** The lists that its GET streams tell of; undefined before the first. */
  watch: Watch | undefined
  /** The resources that its client has subscribed to; undefined before the first. */
  subscriptions: Subscriptions | undefined
  /** Nothing comes of what a request that is still under way begins now. */
  isOver: boolean
  /** Ends the session's GET stream, if one is open. */
  endStream: (() => void) | undefined
}

export interface Sessions {
  /** Undefined when the process holds as many as it may, or this caller, and its all have calls in flight. */
  begin(token: SessionToken): Session | undefined
  /** The live session of a presented token, wherever it was issued; the reason why there is none otherwise. */
  find(sealed: string): Session | "unreadable" | "over" | "full"
  end(session: Session): void
  /** Ends sessions that idled too long or reached their age. */
  sweep(): void
  count(): number
}

type SessionLimits = Pick<FaceLimits, "sessionIdleMs" | "sessionsMax" | "sessionsPerCallerMax">

interface SessionPorts {
  readonly now: () => number
  /** Told of each session that is over in this process. */
  readonly ended: (token: SessionToken) => void
}

/** How many ended sessions are remembered until their tokens expire; the oldest are forgotten first. */
const endedMax = 100_000

/**
 * The sessions of this process. The map by sealed text is the cache of opened tokens, too: unsealing costs 12 µs, a
 * look-up next to nothing.
 */
export function createSessions(
  seal: Seal,
  limits: SessionLimits,
  replays: Replays,
  { now, ended }: SessionPorts,
): Sessions {
  const bySealed = new Map<string, Session>()
  const shares = new Shares(limits.sessionsMax, limits.sessionsPerCallerMax)
  const endedUntil = new Map<string, number>() // jti → when its token expires by itself

  function add(sealed: string, token: SessionToken): Session | undefined {
    if (!takePlace(token.principal)) return undefined
    const session = sessionOf(sealed, token, replays.openSession(), now())
    bySealed.set(sealed, session)
    return session
  }

  function takePlace(principal: string): boolean {
    const full = shares.take(principal)
    if (full !== "caller" || !endLongestUnused(principal)) return full === undefined
    return shares.take(principal) === undefined
  }

  function end(session: Session): void {
    const { sealed, token } = session
    if (!bySealed.delete(sealed)) return
    shares.give(token.principal)
    ended(token)
    endedUntil.set(token.jti, token.expiresMs)
    const [oldest] = endedUntil.keys()
    if (endedUntil.size > endedMax && oldest !== undefined) endedUntil.delete(oldest)
    session.isOver = true
    session.questions?.close()
    session.endStream?.()
    session.watch?.end()
    session.subscriptions?.end()
    session.replay.close()
  }

  /** False where all of this caller's sessions have calls in flight: those are not given up for another session. */
  function endLongestUnused(principal: string): boolean {
    let longest: Session | undefined
    for (const session of bySealed.values()) {
      if (session.token.principal !== principal || session.calls.size > 0) continue
      if (longest === undefined || session.usedMs < longest.usedMs) longest = session
    }
    if (longest !== undefined) end(longest)
    return longest !== undefined
  }

  const isOver = ({ token, usedMs, calls }: Session, nowMs: number): boolean =>
    token.expiresMs <= nowMs || (calls.size === 0 && usedMs + limits.sessionIdleMs <= nowMs)

  return {
    begin: (token) => add(sealToken(seal, token), token),
    find(sealed) {
      const nowMs = now()
      const known = bySealed.get(sealed)
      if (known !== undefined) {
        if (isOver(known, nowMs)) {
          end(known)
          return "over"
        }
        known.usedMs = nowMs
        return known
      }
      const token = openToken(seal, sealed)
      if (token === undefined) return "unreadable"
      if (token.expiresMs <= nowMs || endedUntil.has(token.jti)) return "over"
      return add(sealed, token) ?? "full"
    },
    end,
    sweep() {
      const nowMs = now()
      for (const session of bySealed.values()) if (isOver(session, nowMs)) end(session)
      for (const [jti, expiresMs] of endedUntil) if (expiresMs <= nowMs) endedUntil.delete(jti)
    },
    count: () => bySealed.size,
  }
}

const sessionOf = (
  sealed: string,
  token: SessionToken,
  replay: Replay,
  nowMs: number,
): Session => ({
  sealed,
  token,
  usedMs: nowMs,
  logLevel: undefined,
  listDigest: undefined,
  calls: new Map(),
  questions: undefined,
  mute: undefined,
  replay,
  stream: undefined,
  watch: undefined,
  subscriptions: undefined,
  isOver: false,
  endStream: undefined,
})
