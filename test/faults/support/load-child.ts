// Load from a process of its own: its parent sends what is asked for, where and for how long, and gets what came of it.
import { load, type Target } from "../../../bench/load.ts"

export interface Load {
  readonly target: Target & { readonly body: string }
  readonly connections: number
  readonly seconds: number
}

process.on("message", async ({ target, connections, seconds }: Load) =>
  process.send?.(await load(target, { connections, seconds })),
)
process.on("disconnect", () => process.exit(0))
