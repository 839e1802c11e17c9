import {
  type BackendReply,
  type BackendRequest,
  type Backends,
  type Listed,
  type ListKind,
  refused,
  type SubjectToken,
} from "../../call/backends.ts"
import { type Following, type FollowRequest, type Topic, unheard } from "../../call/following.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { type Ref, refKey } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import { type Address, type HttpAddress, isForCallers } from "./address.ts"
import { Backend } from "./backend.ts"
import { CallerBackends } from "./caller-backends.ts"
import type { Credential } from "./credentials/credential.ts"
import { JsonRequests } from "./credentials/json-request.ts"
import { ServerCredentials } from "./credentials/server-credentials.ts"
import { Gate } from "./gate.ts"
import type { ToolGuard } from "./guard.ts"
import { GuardedLink } from "./guarded-link.ts"
import { IsolatedBackends } from "./isolated-backends.ts"
import { type Lane, plainLane } from "./lane.ts"
import { type BackendLimits, defaultLimits } from "./limits.ts"
import type { Link, LinkEvents, LogFields, LogLevel } from "./link.ts"
import { Links } from "./links.ts"
import { RateLimit } from "./log-lines.ts"
import type { Change } from "./offering.ts"
import { Redactor, secretsOf } from "./redact.ts"
import { readSecret, type SecretText } from "./secret-text.ts"
import type { Sighting } from "./sighting.ts"
import type { Status } from "./status.ts"
import type { Identity } from "./wire.ts"

export interface BackendPoolOptions {
  /** Events with fields; no arguments, results or secrets. */
  readonly log: (level: LogLevel, event: string, fields: LogFields) => void
  /** Told what a server offers: after it was connected, when it says that its tools changed, when it lacks one. */
  readonly observe?: (server: Ref, sighting: Sighting) => unknown
  /** Which calls are not to be made, whatever was permitted. */
  readonly guard?: ToolGuard
  /** Told what changes at a server. */
  readonly changed?: (server: Ref, change: Change) => void
  /** What backends are told the gateway is called. */
  readonly identity?: Identity
  /** Secret values from elsewhere that no error text may show; those in addresses are known. */
  readonly secrets?: Iterable<string>
  readonly limits?: Partial<BackendLimits>
  /** Milliseconds that only go forward, by which tokens grow old. */
  readonly now?: () => number
}

export interface BackendPool extends Backends {
  /**
   * Sets where servers live, by `refKey`. May be called again: servers at the same address keep their connections, the
   * others finish their calls and close.
   */
  route(addresses: ReadonlyMap<string, Address>): void
  /**
   * Connects a server and looks at what it offers, which `observe` is told; from then on it is asked to tell when its
   * tools change. Does nothing where it is called with its callers' identities, because there is no caller. Never
   * rejects; resolves when it is connected, or cannot be.
   */
  look(server: Ref): Promise<void>
  /** In the order of the addresses. */
  status(): readonly BackendStatus[]
  /** Refuses new calls, lets running ones end for a while, then ends connections and processes. */
  close(): Promise<void>
}

export type BackendStatus = Status

/** Every running server that configuration knows. Nothing is started or connected before the first call to it. */
export function createBackends(options: BackendPoolOptions): BackendPool {
  return new Pool(options)
}

/** What answers for one server: its one backend, or one for each caller or session. */
type ServerBackends = Backend | CallerBackends | IsolatedBackends

const tokenConnectionsMax = 8

class Pool implements BackendPool {
  readonly #options: BackendPoolOptions
  readonly #limits: BackendLimits
  readonly #redactor = new Redactor()
  readonly #links: Links
  readonly #tokenRequests: JsonRequests
  /** Those that are closing, with their address, whose secrets their last answers must not show. */
  readonly #closing = new Map<Promise<void>, Address>()
  #backends: ReadonlyMap<string, ServerBackends> = new Map()
  readonly #heeded = new Set<string>()
  takesSubjectTokens = false

  constructor(options: BackendPoolOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    const identity = options.identity ?? { name: "postern", version: "0" }
    this.#links = new Links(identity, this.#limits, this.#reveal)
    this.#tokenRequests = new JsonRequests({
      timeoutMs: this.#limits.tokenMs,
      bytesMax: this.#limits.tokenBytesMax,
      connectionsMax: tokenConnectionsMax,
    })
  }

  request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const backend = this.#of(server)
    if (backend !== undefined) return backend.request(server, request)
    const { subject } = request
    const reason = `no address is configured for ${refKey(server.name, server.version)}`
    return Promise.resolve(
      refused({ code: "backend_unavailable", subject, reason, fate: "unsent" }),
    )
  }

  async list(
    server: CatalogServer,
    kind: ListKind,
    need: "fresh" | "known",
    subjectToken?: SubjectToken,
  ): Promise<Listed> {
    return (await this.#of(server)?.list(kind, need, subjectToken)) ?? unlisted
  }

  follow(
    server: CatalogServer,
    { topic, follower, eagerness }: FollowRequest,
    subjectToken?: SubjectToken,
  ): Following {
    return this.#of(server)?.follow(topic, follower, eagerness, subjectToken) ?? unheard
  }

  capabilities(server: CatalogServer, subjectToken?: SubjectToken): JsonObject | undefined {
    return this.#of(server)?.capabilities(subjectToken)
  }

  rootsChanged(session: string): void {
    for (const backend of this.#backends.values()) backend.rootsChanged(session)
  }

  async look(server: Ref): Promise<void> {
    const backend = this.#of(server)
    if (backend === undefined || backend instanceof CallerBackends) return
    // To be followed would keep a process from ever being idle.
    if (backend instanceof Backend) this.#heed(refKey(server.name, server.version), backend)
    await backend.look()
  }

  /** Its news of tools are heard by whoever observes it. Followers go along when a server gets another address. */
  #heed(key: string, backend: Backend): void {
    if (this.#heeded.has(key)) return
    this.#heeded.add(key)
    backend.follow(toolList, { hear: () => undefined }, "when connected")
  }

  #of({ name, version }: Ref | CatalogServer): ServerBackends | undefined {
    return this.#backends.get(refKey(name, version))
  }

  route(addresses: ReadonlyMap<string, Address>): void {
    const before = this.#backends
    const after = [...addresses].map(([key, address]) => {
      const old = before.get(key)
      const isSame = old !== undefined && fingerprint(old.address) === fingerprint(address)
      return [key, isSame ? old : this.#open(key, address)] as const
    })
    this.#backends = new Map(after)
    this.takesSubjectTokens = [...addresses.values()].some(isForCallers)
    for (const [key, backend] of before) {
      const next = this.#backends.get(key)
      if (next === backend) continue
      if (next instanceof Backend && backend instanceof Backend) next.adopt(backend)
      else this.#heeded.delete(key)
      this.#retire(backend)
    }
    this.#learnSecrets()
  }

  #learnSecrets(): void {
    const open = [...this.#backends.values()].map(({ address }) => address)
    const secrets = [...open, ...this.#closing.values()].flatMap(secretsOf)
    this.#redactor.learn([...secrets, ...(this.#options.secrets ?? [])])
  }

  #open(key: string, address: Address): ServerBackends {
    const { concurrencyMax, queueMax } = address.options
    const gate = new Gate(concurrencyMax, queueMax)
    const ref = refOf(key)
    const { guard } = this.#options
    const observe = (sighting: Sighting) => this.#observe(ref, sighting, address)
    const guarded = (link: Link): Link =>
      guard?.looksFirst
        ? new GuardedLink(link, { ref, guard, observe, limits: this.#limits })
        : link
    const context = {
      limits: this.#limits,
      redactor: this.#redactor,
      gate,
      log: this.#options.log,
      isPinned: guard && ((tool: string) => guard.isPinned(ref, tool)),
      observe,
      changed: (change: Change) => {
        void this.#tell(key, "change_not_taken", () => this.#options.changed?.(ref, change))
      },
    }
    if (address.kind === "stdio") {
      const open = (lane: Lane) =>
        new Backend(ref, address, {
          ...context,
          openLink: (events: LinkEvents) => guarded(this.#links.stdio(address, events, lane)),
        })
      if (address.options.isolation === "shared") return open(plainLane)
      return new IsolatedBackends(ref, address, { gate, limits: this.#limits, open })
    }
    const linked = (credential: Credential | undefined) => ({
      ...context,
      openLink: (events: LinkEvents) => guarded(this.#links.http(address, events, credential)),
    })
    const credentials = this.#credentials(key, address)
    const tokens = () => credentials.status
    if (!isForCallers(address))
      return new Backend(ref, address, { ...linked(credentials.own()), tokens })
    const log = quieter(this.#options.log)
    const open = (credential: Credential | undefined) =>
      new Backend(ref, address, { ...linked(credential), log })
    return new CallerBackends(ref, address, { credentials, gate, limits: this.#limits, open })
  }

  #credentials(server: string, address: HttpAddress): ServerCredentials {
    const { log, now = () => performance.now() } = this.#options
    const { backoffMaxMs, backoffMs } = this.#limits
    return new ServerCredentials(address, {
      requests: this.#tokenRequests,
      timing: { now, backoffMs, backoffMaxMs },
      redactor: this.#redactor,
      reveal: this.#reveal,
      log: (level, event, fields) => log(level, event, { server, ...fields }),
    })
  }

  readonly #reveal = async (secret: SecretText): Promise<string> => {
    const text = await readSecret(secret)
    if (typeof secret !== "string") this.#redactor.learnAlso(text)
    return text
  }

  async #observe(ref: Ref, sighting: Sighting, address: Address): Promise<void> {
    const isOfCaller = sighting.kind === "tools" && isForCallers(address)
    const seen = isOfCaller ? { ...sighting, isOfCaller } : sighting
    await this.#tell(refKey(ref.name, ref.version), "sighting_not_taken", () =>
      this.#options.observe?.(ref, seen),
    )
  }

  /** What an observer throws is its own bug, and no reason for a backend to stop. */
  async #tell(server: string, event: string, tell: () => unknown): Promise<void> {
    try {
      await tell()
    } catch (error) {
      this.#options.log("error", event, { server, reason: String(error) })
    }
  }

  #retire(backend: ServerBackends): void {
    const closed: Promise<void> = backend.close().finally(() => {
      this.#closing.delete(closed)
      this.#learnSecrets()
    })
    this.#closing.set(closed, backend.address)
  }

  status(): readonly BackendStatus[] {
    return [...this.#backends.values()].map((backend) => backend.status)
  }

  async close(): Promise<void> {
    for (const backend of this.#backends.values()) this.#retire(backend)
    await Promise.all(this.#closing.keys())
    await this.#tokenRequests.close()
  }
}

const toolList: Topic = { kind: "list", of: "tools" }

const unlisted: Listed = { items: [], plain: [], ttlMs: 0, isKnown: false }

/** What happens once for each caller is seldom worth a line of its own, and an outage happens to all of them. */
function quieter(log: BackendPoolOptions["log"]): BackendPoolOptions["log"] {
  const limit = new RateLimit()
  return (level, event, fields) => {
    if (level === "info") log("debug", event, fields)
    else if (limit.allows()) log(level, event, fields)
  }
}

function refOf(key: string): Ref {
  const at = key.lastIndexOf("@")
  const name = key.slice(0, at)
  const version = key.slice(at + 1)
  return version === "" ? { name } : { name, version }
}

/** Equal for addresses that mean the same, whatever the order of headers and variables. */
const fingerprint = (address: Address): string =>
  JSON.stringify(address, (_, value: unknown) =>
    value instanceof Map ? [...value].sort(([a], [b]) => (a < b ? -1 : 1)) : value,
  )
