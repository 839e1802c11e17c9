import type { Ref } from "../../registry/model.ts"
import type { Failure } from "./failure.ts"
import type { ToolGuard } from "./guard.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, Opening } from "./link.ts"
import type { Outgoing } from "./outgoing.ts"
import { lookAtTools, type Sighting } from "./sighting.ts"

interface Guarding {
  /** The server at the end of the link. */
  readonly ref: Ref
  readonly guard: ToolGuard
  /** Resolves when the sighting has been judged. */
  readonly observe: (sighting: Sighting) => Promise<void>
  readonly limits: BackendLimits
}

/**
 * A link that is open when its server's tools have been judged, and that carries no call of a tool that is withheld: calls
 * that waited for the connection were permitted before anybody knew.
 */
export class GuardedLink implements Link {
  readonly #link: Link
  readonly #guarding: Guarding
  readonly listen: Link["listen"]
  readonly rootsChanged: Link["rootsChanged"]

  constructor(link: Link, guarding: Guarding) {
    this.#link = link
    this.#guarding = guarding
    // Absent where the link has none: that means something (see `Link`).
    this.listen = link.listen?.bind(link)
    this.rootsChanged = link.rootsChanged?.bind(link)
  }

  get transport(): Link["transport"] {
    return this.#link.transport
  }

  get pid(): number | undefined {
    return this.#link.pid
  }

  get strays(): number {
    return this.#link.strays
  }

  async open(): Promise<Opening> {
    const opening = await this.#link.open()
    if (!opening.ok) return opening
    const { ref, guard, observe, limits } = this.#guarding
    const seen = await lookAtTools(this.#link, limits)
    if (seen.kind === "failure") {
      guard.unseen(ref, seen.failure.reason)
      return opening
    }
    const sighting = { ...seen, greeting: opening.greeting }
    await observe(sighting)
    return { ...opening, sighting }
  }

  send(outgoing: Outgoing): void {
    const { method, name } = outgoing
    const { ref, guard } = this.#guarding
    const isCall = method === "tools/call" && name !== undefined
    const reason = isCall ? guard.withheld(ref, name) : undefined
    if (reason === undefined) this.#link.send(outgoing)
    else outgoing.fail(withheld(reason))
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}

const withheld = (reason: string): Failure => ({
  code: "definition_drift",
  kind: "withheld",
  reason,
  isUnsent: true,
})
