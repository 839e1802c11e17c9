import type { Clock } from "../../compose/run/ports.ts"
import type { Standing } from "../../compose/run/state/breaker-state.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { type Ref, refKey } from "../../registry/model.ts"
import type { BackendReply, BackendRequest, Backends } from "../backends.ts"
import { Cancellation } from "../cancellation.ts"
import { retryDelay } from "./retry-delay.ts"
import { type GuardStatus, type Resilience, ServerGuard } from "./server-guard.ts"

export interface GuardContext {
  readonly clock: Clock
  /** Told when a breaker opens or closes. */
  readonly tell: (server: string, standing: Standing) => void
}

/**
 * The port to backends with a breaker for each server, and retries of what may be done twice. What is remembered of a
 * server outlives reloads.
 */
export class GuardedBackends implements Backends {
  readonly #inner: Backends
  readonly #context: GuardContext
  #guards: ReadonlyMap<string, ServerGuard> = new Map()
  readonly list: Backends["list"]
  readonly follow: Backends["follow"]
  readonly capabilities: Backends["capabilities"]
  readonly rootsChanged: Backends["rootsChanged"]

  constructor(inner: Backends, context: GuardContext) {
    this.#inner = inner
    this.#context = context
    this.list = (...args) => inner.list(...args)
    this.follow = (...args) => inner.follow(...args)
    this.capabilities = (...args) => inner.capabilities(...args)
    this.rootsChanged = (session) => inner.rootsChanged(session)
  }

  /** What configuration says of the servers that there are now, by `refKey`. Those that stay keep what is known of them. */
  use(policies: ReadonlyMap<string, Resilience>): void {
    const { clock, tell } = this.#context
    const guards = [...policies].map(([key, policy]) => {
      const guard = this.#guards.get(key)
      if (guard === undefined)
        return [key, new ServerGuard(policy, clock, (standing) => tell(key, standing))] as const
      guard.policy = policy
      return [key, guard] as const
    })
    this.#guards = new Map(guards)
  }

  get takesSubjectTokens(): boolean {
    return this.#inner.takesSubjectTokens === true
  }

  request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const guard = this.#guards.get(refKey(server.name, server.version))
    if (guard === undefined) return this.#inner.request(server, request)
    const send = (one: BackendRequest) =>
      guard.pass(request.subject, () => this.#inner.request(server, one))
    if (guard.policy.retries === 0) return send(request)
    guard.budget.called(this.#context.clock.now())
    if (!request.isRepeatable || request.task !== undefined) return send(request)
    return this.#insist(guard, request, send)
  }

  /** Not when its caller has heard something of the call already, or was asked: it would be again. */
  async #insist(
    guard: ServerGuard,
    request: BackendRequest,
    send: (request: BackendRequest) => Promise<BackendReply>,
  ): Promise<BackendReply> {
    const { clock } = this.#context
    const { cancellation = new Cancellation() } = request
    const watch = { wasHeard: false }
    const watched = { ...request, ...hearing(request, watch) }
    for (let attempt = 1; ; attempt++) {
      const reply = await send(watched)
      if (attempt > guard.policy.retries || watch.wasHeard || cancellation.isCancelled) return reply
      const delayMs = retryDelay(reply, attempt, clock.random())
      if (delayMs === undefined || !guard.budget.take(clock.now(), floor)) return reply
      await clock.sleep(delayMs, cancellation)
      if (cancellation.isCancelled) return reply
      guard.retries++
    }
  }

  /** Undefined for a server without an entry in the configuration. */
  status(server: Ref): GuardStatus | undefined {
    const key = refKey(server.name, server.version)
    return this.#guards.get(key)?.status
  }

  /** Closes the breaker of a server; false where there is none of this name. */
  reset(server: Ref): boolean {
    const guard = this.#guards.get(refKey(server.name, server.version))
    guard?.reset()
    return guard !== undefined
  }
}

/** What a caller can hear of its call from: what a server says, and what it asks. */
function hearing(
  { onNotification, peer }: BackendRequest,
  watch: { wasHeard: boolean },
): Partial<BackendRequest> {
  return {
    ...(onNotification && {
      onNotification(said) {
        watch.wasHeard = true
        onNotification(said)
      },
    }),
    ...(peer && {
      peer: {
        capabilities: peer.capabilities,
        pageDone: peer.pageDone,
        ask(asked) {
          watch.wasHeard = true
          return peer.ask(asked)
        },
      },
    }),
  }
}

/** So many retries in ten seconds there always are. */
const floor = 3
