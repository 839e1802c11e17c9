import type { Command } from "./command.ts"

/**
 * Every command by its name, in the order of help. Each is loaded when it is asked for: what one needs must not slow
 * down the others, and least of all the start of a gateway.
 */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["serve", async () => (await import("./serve.ts")).serve],
  ["validate", async () => (await import("./validate.ts")).validate],
  ["import", async () => (await import("./import/import.ts")).importServers],
  ["diff", async () => (await import("./diff/diff.ts")).diff],
  ["migrate", async () => (await import("./migrate.ts")).migrate],
  ["schema", async () => (await import("./schema.ts")).schema],
  ["explain", async () => (await import("./explain.ts")).explain],
  ["graph", async () => (await import("./graph.ts")).graph],
  ["tools", async () => (await import("./tools.ts")).tools],
  ["call", async () => (await import("./call.ts")).call],
  ["sbom export", async () => (await import("./sbom/export.ts")).sbomExport],
  ["sbom diff", async () => (await import("./sbom/diff.ts")).sbomDiff],
  ["lock", async () => (await import("./lock/lock.ts")).lock],
  ["lock approve", async () => (await import("./lock/approve.ts")).lockApprove],
  ["runs list", async () => (await import("./runs/list.ts")).runsList],
  ["runs show", async () => (await import("./runs/show.ts")).runsShow],
  ["runs resume", async () => (await import("./runs/verbs.ts")).runsResume],
  ["runs retry-step", async () => (await import("./runs/verbs.ts")).runsRetryStep],
  ["runs skip-step", async () => (await import("./runs/verbs.ts")).runsSkipStep],
  ["runs compensate", async () => (await import("./runs/verbs.ts")).runsCompensate],
  ["runs cancel", async () => (await import("./runs/verbs.ts")).runsCancel],
  ["runs answer", async () => (await import("./runs/verbs.ts")).runsAnswer],
  ["runs abandon", async () => (await import("./runs/verbs.ts")).runsAbandon],
  ["audit verify", async () => (await import("./audit/verify.ts")).auditVerify],
  ["audit usage", async () => (await import("./audit/usage.ts")).auditUsage],
  ["audit replay", async () => (await import("./audit/replay.ts")).auditReplay],
])

export const allCommands = (): Promise<readonly Command[]> =>
  Promise.all([...commands.values()].map((load) => load()))
