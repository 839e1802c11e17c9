import type { JsonObject, Ref } from "../model.ts"
import { refKey } from "../model.ts"

/** Who accepted what a server says now, and why. */
export interface Approval {
  readonly by: string
  readonly reason: string
  /** ISO 8601, UTC. */
  readonly at: string
}

/** A tool as its server defined it when it was pinned. */
export interface ToolPin {
  /** Its name on the server. */
  readonly name: string
  readonly definition: JsonObject
  /** Over all that a model can see of the definition, and over all of it: see `digestsOf`. */
  readonly digest: string
  readonly full: string
  /** Of a definition that took the place of another, or that holds hidden text. */
  readonly approval?: Approval
}

/** What a server says of itself when it is connected. */
export interface ServerWords {
  readonly serverInfo?: { readonly name: string; readonly version: string }
  /** Text for models (MCP `instructions`). */
  readonly instructions?: string
}

/** A server as it was when it was pinned. */
export interface ServerPin extends ServerWords {
  readonly server: Ref
  readonly approval?: Approval
  /** In the order of their names. */
  readonly tools: readonly ToolPin[]
}

/** What servers said when somebody looked at it and found it good: the content of `postern.lock.json`. */
export interface Lock {
  /** In the order of names and versions. */
  readonly servers: readonly ServerPin[]
}

export const emptyLock: Lock = { servers: [] }

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const keyOf = ({ server }: ServerPin) => refKey(server.name, server.version)

/** A lock in its one order, whatever the order in which servers and tools were found. */
export const lockOf = (servers: readonly ServerPin[]): Lock => ({
  servers: servers
    .map((pin) => ({ ...pin, tools: pin.tools.toSorted((a, b) => byText(a.name, b.name)) }))
    .toSorted((a, b) => byText(keyOf(a), keyOf(b))),
})

/** The pin of a server; undefined where nothing of it is pinned. */
export const serverPin = ({ servers }: Lock, { name, version }: Ref): ServerPin | undefined =>
  servers.find(({ server }) => server.name === name && server.version === version)
