import type { Message, Send } from "./backend-behaviour.ts"

interface Listener {
  readonly send: Send
  /** Of a modern `subscriptions/listen`: its id and what it asked for. */
  readonly id?: unknown
  readonly filter?: Record<string, unknown>
}

const subscriptionId = "io.modelcontextprotocol/subscriptionId"

/** What a server of the tests says that belongs to no request: to whom, and whether they asked for it. */
export class News {
  readonly #listeners = new Set<Listener>()
  /** What legacy sessions have subscribed to. */
  readonly #subscribed = new Set<string>()
  /** How often resources were subscribed to and no longer, in order. */
  readonly log: string[] = []

  /** A way is there on which anything may be said; the function that ends it. */
  open(send: Send): () => void {
    return this.#add({ send })
  }

  #add(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** A modern `subscriptions/listen`; the function that ends it. */
  listen({ id, params }: Message, send: Send): () => void {
    const filter = { ...(params?.["notifications"] as object) } as Record<string, unknown>
    this.log.push(`listen ${JSON.stringify(filter)}`)
    const end = this.#add({ send, id, filter })
    send({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: filter, _meta: { [subscriptionId]: id } as object },
    })
    return end
  }

  /** A modern listener has given up. */
  cancel(id: unknown): void {
    for (const listener of this.#listeners)
      if (listener.id === id && id !== undefined) this.#listeners.delete(listener)
  }

  subscribe(method: string, uri: string): void {
    this.log.push(`${method.replace("resources/", "")} ${uri}`)
    if (method === "resources/subscribe") this.#subscribed.add(uri)
    else this.#subscribed.delete(uri)
  }

  /** Everything that was asked of it is forgotten, as after a restart. */
  forget(): void {
    this.#subscribed.clear()
    this.#listeners.clear()
  }

  /** Says it to all who would hear it from an honest server. */
  tell(method: string, params: Record<string, unknown> = {}): void {
    if (method === "storm") {
      for (let n = 1; n <= Number(params["times"]); n++) {
        this.tell("notifications/tools/list_changed")
        this.tell("notifications/resources/updated", { uri: params["uri"], n })
      }
      return
    }
    const isUpdate = method === "notifications/resources/updated"
    const { uri } = params
    if (isUpdate && !this.#isWanted(uri)) return
    for (const { send, id, filter } of this.#listeners) {
      if (filter !== undefined && !isIn(filter, method, uri)) continue
      const mark = id === undefined ? {} : { _meta: { [subscriptionId]: id } as object }
      send({ jsonrpc: "2.0", method, params: { ...params, ...mark } })
    }
  }

  #isWanted(uri: unknown): boolean {
    const all = [...this.#listeners].flatMap(({ filter }) => urisOf(filter))
    return [...this.#subscribed, ...all].some((one) => String(uri).startsWith(one))
  }
}

const urisOf = (filter: Listener["filter"]): string[] =>
  (filter?.["resourceSubscriptions"] as string[] | undefined) ?? []

function isIn(filter: Record<string, unknown>, method: string, uri: unknown): boolean {
  const of = /^notifications\/(\w+)\/list_changed$/.exec(method)?.[1]
  if (of !== undefined) return filter[`${of}ListChanged`] === true
  return urisOf(filter).some((one) => String(uri).startsWith(one))
}
