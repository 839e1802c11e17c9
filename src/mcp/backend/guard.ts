import type { Ref } from "../../registry/model.ts"

/** Who knows which tools of a server were found good, and which calls are not to be made. */
export interface ToolGuard {
  /** No call goes over a connection before the server's tools were looked at, and whoever observes has judged them. */
  readonly looksFirst: boolean
  /** They could not be looked at: nothing is known yet about the server behind the new connection. */
  unseen(server: Ref, reason: string): void
  /** Why the tool is not called, under the server's own name for it; undefined: it is. */
  withheld(server: Ref, tool: string): string | undefined
  /** Somebody looked at the tool and found it good: that the server does not know it is news of the server. */
  isPinned(server: Ref, tool: string): boolean
}
