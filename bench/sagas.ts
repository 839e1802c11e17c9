// What durability costs: sagas of three steps over journals, their calls answered at once; beside DBOS Transact on
// PostgreSQL and openworkflow on SQLite, which keep what each step gave, too. And how long it takes to go on with 10,000 runs that a process left.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { loadPlanned } from "../src/compose/load.ts"
import { defaultPlanLimits } from "../src/compose/plan/limits.ts"
import type { Plan } from "../src/compose/plan/plan.ts"
import { type DriveOptions, DurableRun } from "../src/compose/run/durable/drive.ts"
import { inputDigest } from "../src/compose/run/durable/input-digest.ts"
import type { Journal, Lease, Owner } from "../src/compose/run/durable/journal.ts"
import type { NewRun } from "../src/compose/run/durable/record.ts"
import { RunState } from "../src/compose/run/durable/state.ts"
import { defaultRunLimits } from "../src/compose/run/limits.ts"
import type { Invoke } from "../src/compose/run/ports.ts"
import { createPolicyState } from "../src/compose/run/state/policy-state.ts"
import { authoring } from "../src/registry/draft.ts"
import { defaultLoadLimits } from "../src/registry/limits.ts"
import { toEnd } from "../src/registry/load.ts"
import type { Json } from "../src/schema/json.ts"
import { createSchemas } from "../src/schema/schemas.ts"
import { clock } from "../src/server/clock.ts"
import { randomId } from "../src/server/random-id.ts"
import { newRunId } from "../src/server/runs/run-id.ts"
import { openPostgresJournal } from "../src/store/journal/postgres/postgres-journal.ts"
import { openSqliteJournal } from "../src/store/journal/sqlite/open.ts"
import { postgresPrograms, startPostgres } from "../test/support/postgres.ts"
import { dbosSagas } from "./subjects/dbos.ts"
import { openWorkflowSagas } from "./subjects/openworkflow.ts"

/** Of one saga. */
export const sagaSteps = 3
export const atOnce = 64

export interface Sagas {
  readonly name: string
  /** With as many sagas at a time as `atOnce`. */
  readonly stepsPerSecond: number
  /** Of one saga that is alone. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export async function measureSagas(seconds: number): Promise<readonly Sagas[]> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"))
  const rows: Sagas[] = []
  for (const synchronous of ["FULL", "NORMAL"] as const) {
    const journal = openSqliteJournal(join(folder, `${synchronous}.db`), { synchronous })
    rows.push(await paced(`SQLite, ${synchronous}`, seconds, () => saga(journal, runId())))
    await journal.close()
  }
  const other = await openWorkflowSagas(join(folder, "openworkflow.db"), {
    atOnce,
    steps: sagaSteps,
  })
  rows.push(await paced("openworkflow on SQLite", seconds, other.saga))
  await other.close()
  rmSync(folder, { recursive: true })
  return postgresPrograms === undefined ? rows : [...rows, ...(await onPostgres(seconds))]
}

async function onPostgres(seconds: number): Promise<Sagas[]> {
  const server = await startPostgres(postgresPrograms ?? "")
  const journal = openPostgresJournal(server.database("own"))
  const own = await paced("PostgreSQL", seconds, () => saga(journal, runId()))
  await journal.close()
  const dbos = await dbosSagas(server.database("dbos"), sagaSteps)
  const other = await paced("DBOS on PostgreSQL", seconds, dbos.saga)
  await dbos.close()
  await server.close()
  return [own, other]
}

/** Alone for a while, then many at once; neither begins cold. */
async function paced(
  name: string,
  seconds: number,
  run: (n: number) => Promise<unknown>,
): Promise<Sagas> {
  let started = 0
  const lane = async (tookMs: number[], untilMs: number): Promise<void> => {
    while (clock.now() < untilMs) {
      const beganMs = clock.now()
      await run(started++)
      tookMs.push(clock.now() - beganMs)
    }
  }
  const measure = async (lanes: number, seconds: number) => {
    const tookMs: number[] = []
    const beganMs = clock.now()
    const untilMs = beganMs + seconds * 1_000
    await Promise.all(Array.from({ length: lanes }, () => lane(tookMs, untilMs)))
    return { tookMs, seconds: (clock.now() - beganMs) / 1_000 }
  }
  await measure(1, 0.5)
  const alone = await measure(1, seconds)
  await measure(atOnce, 1)
  const together = await measure(atOnce, seconds)
  const tookMs = alone.tookMs.sort((a, b) => a - b)
  return {
    name,
    stepsPerSecond: (together.tookMs.length * sagaSteps) / together.seconds,
    p50Ms: tookMs[Math.floor(tookMs.length / 2)] ?? Number.NaN,
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.NaN,
  }
}

const plan = placeOrder()
const stored = plan as unknown as Json // plans are plain JSON
const schemas = createSchemas()
const policies = createPolicyState({ clock })
const me: Owner = { owner: "bench", leaseUntilMs: undefined, nowMs: 0 }

async function saga(journal: Journal, id: string): Promise<void> {
  const run = newRun(id)
  const beginning = { run, plan: stored, owner: me }
  const left = { record: { ...run, recoveries: 0 }, state: new RunState(), beginning }
  await drive(journal, { id, epoch: 1 }, left)
}

const runId = () => newRunId(clock.now())

function newRun(id: string): NewRun {
  const orderId = randomId() // with no order, as one that a caller chose: keys do not stand together in their index
  const input = { orderId }
  return {
    ...{ id, key: `saga:place_order:${orderId}`, tool: "place_order", version: "1.0.0" },
    ...{ plan: plan.digest, registry: "sha256:bench", principal: { agent: "bench" } },
    ...{ input, inputDigest: inputDigest(input), createdMs: clock.now() },
  }
}

const answered: Invoke = () =>
  Promise.resolve({
    ok: true,
    value: { id: 1 },
    raw: { content: [], structuredContent: { id: 1 } },
  })

type Left = Pick<DriveOptions, "record" | "state" | "beginning">

async function drive(journal: Journal, lease: Lease, left: Left): Promise<void> {
  const ports = { clock, invoke: answered }
  const { status } = await new DurableRun(plan, ports, {
    ...{ journal, lease, ...left, isRecovered: left.state.seq > 0 },
    ...{ callerScope: "bench", policies, schemas, limits: defaultRunLimits },
    resultOf: (_, became) => ({ became }),
  }).drive()
  if (status !== "completed") throw new Error(`a saga became ${status}`)
}

/** Seconds from opening the file to the end of every run, all of which were left in the middle of their second step. */
export async function measureRecovery(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"))
  const file = join(folder, "runs.db")
  const left = openSqliteJournal(file)
  await Promise.all(Array.from({ length: count }, () => leave(left, runId())))
  await left.close()
  const alive = setInterval(() => undefined, 1_000) // sleeps of the clock keep no process from ending
  const beganMs = clock.now()
  const journal = openSqliteJournal(file)
  for (;;) {
    const ids = await journal.claimable("next", clock.now(), 1_024)
    if (ids.length === 0) break
    await Promise.all(ids.map((id) => goOn(journal, id)))
  }
  const tookMs = clock.now() - beganMs
  clearInterval(alive)
  await journal.close()
  rmSync(folder, { recursive: true })
  return tookMs / 1_000
}

async function leave(journal: Journal, id: string): Promise<void> {
  await journal.create(newRun(id), stored, me)
  const at = { atMs: clock.now() }
  const sent = { input: "sha256:1", target: "a@1.0.0" }
  await journal.append({ id, epoch: 1 }, [
    { ...at, seq: 1, kind: "intent", step: "reserve", attempt: 1, data: sent },
    { ...at, seq: 2, kind: "ok", step: "reserve", data: { value: { id: 1 }, effect: "done" } },
    { ...at, seq: 3, kind: "intent", step: "charge", attempt: 1, data: sent },
  ])
}

async function goOn(journal: Journal, id: string): Promise<void> {
  const lease = await journal.claim(id, { ...me, owner: "next", counts: true })
  const [record, events] = await Promise.all([journal.get(id), journal.events(id)])
  if (lease === undefined || record === undefined) throw new Error(`run ${id} cannot be had`)
  await drive(journal, lease, { record, state: RunState.of(events) })
}

/** Three calls with effects; the tools honour keys, so that a call that was cut off is made again. */
function placeOrder(): Plan {
  const names = ["reserve", "charge", "ship"]
  const tool = (name: string) => ({
    ...{ name, version: "1.0.0", inputSchema: { type: "object" } },
    source: {
      ...{ server: "shop", serverVersion: "1.0.0", tool: name },
      idempotency: { meta: true },
    },
  })
  const step = (id: string) => ({
    ...{ id, action: { tool: id } },
    ...(id !== "ship" && { compensate: { tool: id } }),
  })
  const document = {
    schemaVersion: "2.0",
    servers: [{ name: "shop", version: "1.0.0", provides: names.map((name) => ({ tool: name })) }],
    tools: [
      ...names.map(tool),
      {
        ...{ name: "place_order", version: "1.0.0" },
        inputSchema: {
          type: "object",
          properties: { orderId: { type: "string" } },
          required: ["orderId"],
        },
        depends: names.map((name) => ({ type: "tool", name, version: "1.0.0" })),
        spec: { saga: { sagaIdPath: "$.orderId", steps: names.map(step) } },
      },
    ],
    agents: [],
  }
  const { plans, problems } = toEnd(
    loadPlanned(JSON.stringify(document), {
      ...{ knobs: authoring, limits: defaultLoadLimits, plans: defaultPlanLimits },
    }),
  )
  const [found] = plans.values()
  if (found === undefined) throw new Error(JSON.stringify(problems))
  return found
}
