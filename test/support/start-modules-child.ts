// Loads what `postern serve` loads before it is ready, and prints the addresses of all modules that took.
import { registerHooks } from "node:module"

const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
await import("../../src/cli/cli.ts")
await import("../../src/cli/serve.ts")
await import("../../src/server/start.ts")
await import("../../src/server/log.ts")
process.stdout.write(JSON.stringify(loaded))
