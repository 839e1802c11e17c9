// What a composition costs: one more call inside beside the same call alone, and a scatter-gather beside its slowest target.
import { join } from "node:path"
import { loadPlanned } from "../src/compose/load.ts"
import { defaultPlanLimits } from "../src/compose/plan/limits.ts"
import { runPlan } from "../src/compose/run/run-plan.ts"
import { createPolicyState } from "../src/compose/run/state/policy-state.ts"
import { authoring } from "../src/registry/draft.ts"
import { defaultLoadLimits } from "../src/registry/limits.ts"
import { toEnd } from "../src/registry/load.ts"
import { createSchemas } from "../src/schema/schemas.ts"
import { clock } from "../src/server/clock.ts"
import { type Measured, measure } from "./calls.ts"
import { load } from "./load.ts"
import { start } from "./subject.ts"
import { call, callTo, gateway, registry } from "./world.ts"

export const innerCalls = 10
const waits = [2, 4, 6, 8, 10, 12, 14, 20]
export const targets = waits.length

/** Steps one after another, each the call that is measured: what they find is the arguments of the composition. */
const chain = (length: number) => ({
  pipeline: {
    steps: Array.from({ length }, (_, at) => ({
      id: `s${at}`,
      operation: { tool: { name: "search_documents" } },
      input: { path: "$" },
      after: at === 0 ? [] : [`s${at - 1}`],
    })),
  },
})

const compositions = {
  one: chain(1),
  many: chain(innerCalls),
  gathered: {
    pipeline: {
      steps: [
        {
          id: "all",
          operation: {
            pattern: {
              scatterGather: {
                targets: waits.map((ms) => ({ tool: `wait_${ms}`, output: "$.documents" })),
              },
            },
          },
        },
      ],
      output: { construct: { fields: { documents: { reference: { step: "all" } } } } },
    },
  },
}

export interface Pass {
  readonly direct: Measured
  readonly one: Measured
  readonly many: Measured
  readonly slowest: Measured
  readonly scatter: Measured
}

export async function measureCompositions(options: {
  seconds: number
  passes: number
}): Promise<readonly Pass[]> {
  await using backend = await start(join(import.meta.dirname, "subjects/backend.ts"), [], {
    ready: /ready (\d+)\n/,
  })
  const tools = waits.map((ms) => `wait_${ms}`)
  await using postern = await gateway({
    backendPort: Number(backend.line),
    registry: JSON.stringify(registry(1, tools, compositions)),
  })
  const at = (target: typeof call) => ({ ...target, port: postern.port })
  const lanes = {
    direct: [at(call), 32],
    one: [at(callTo("one")), 32],
    many: [at(callTo("many")), 16],
    slowest: [at(callTo(`wait_${Math.max(...waits)}`)), 1],
    scatter: [at(callTo("gathered")), 1],
  } as const
  for (const [target, connections] of Object.values(lanes))
    await load(target, { connections, seconds: 1.5 }) // warm-up
  const passes: Pass[] = []
  for (let pass = 0; pass < options.passes; pass++) {
    const run = (name: keyof typeof lanes) => {
      const [target, connections] = lanes[name]
      return measure([name, target, postern], { seconds: options.seconds, connections })
    }
    passes.push({
      direct: await run("direct"),
      one: await run("one"),
      many: await run("many"),
      slowest: await run("slowest"),
      scatter: await run("scatter"),
    })
  }
  return passes
}

/** What the interpreter itself takes of a step, in this process: its calls are answered at once. CPU, in microseconds. */
export async function measureInterpreter(): Promise<number> {
  const { plans } = toEnd(
    loadPlanned(JSON.stringify(registry(1, [], { many: chain(innerCalls) })), {
      knobs: authoring,
      limits: defaultLoadLimits,
      plans: defaultPlanLimits,
    }),
  )
  const [plan] = plans.values()
  if (plan === undefined) throw new Error("the composition has no plan")
  const value = { documents: [{ id: 1, title: "Tides" }] }
  const raw = { content: [], structuredContent: value }
  const ports = { clock, invoke: () => Promise.resolve({ ok: true, value, raw } as const) }
  const options = {
    callerScope: "bench",
    state: createPolicyState({ clock }),
    schemas: createSchemas(),
    runId: "bench",
  }
  const run = () =>
    runPlan(plan, { query: "tides" }, ports, { ...options, deadlineMs: clock.now() + 60_000 })
  const runs = 5_000
  for (let count = 0; count < runs; count++) await run() // warm-up
  const before = process.cpuUsage()
  for (let count = 0; count < runs; count++) await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs / innerCalls
}
