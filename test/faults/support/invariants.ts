import { setTimeout as sleep } from "node:timers/promises"
import { expect } from "vitest"
import { postern } from "../../support/e2e-process.ts"
import { isAlive } from "../../support/is-alive.ts"
import { report } from "./outcome.ts"
import { handlesOf, slownessSince, type Usage, usageOf, waitingOf } from "./usage.ts"
import { callersOfSteady, isAllowed, type Phase, World } from "./world.ts"

/**
 * What must hold whatever the fault: I1 no call arrives that is not declared · I2 each request has one answer in time · I3 none
 * gets another's answer · I4 sagas end done, undone or parked · I5 the process lives and holds no more than before · I6 the audit
 * chain holds and has every decision · I7 other servers' callers hardly notice · I8 all is well 5 s after the fault.
 */
export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8"

/** How long the callers call before the fault, and after it. */
const calmMs = 2_000
/** So much more is no sign: a collection of garbage, or some calls at once. */
const slackMs = 25
/** So long may nobody hold the event loop, in milliseconds of its processor time. */
const turnMaxMs = 100
const recoveryMaxMs = 5_000

export interface FaultRun {
  readonly number: number
  readonly name: string
  /** What is done while callers call; resolves when the fault is over. Returns what was injected, in words. */
  inject(world: World): Promise<string>
  /** What cannot be asked under it: other servers' callers do notice when the gateway itself suffers. */
  readonly spared?: readonly Invariant[]
  /** Bytes that may stay resident beyond what is usual; nothing more may be held. */
  readonly swellBytes?: number
  /** Further claims of this fault, each with its invariant; undefined where it holds. */
  judge?(world: World): Promise<Partial<Record<Invariant, string | undefined>>>
}

/** Plays one fault: calm, the fault, calm; reports what was injected and what held, and fails when something did not. */
export async function play(world: World, run: FaultRun): Promise<void> {
  const { inject, judge, number, spared = [], swellBytes = 0 } = run
  await using twin = spared.includes("I7")
    ? undefined
    : await World.open({ callers: callersOfSteady })
  const phase = (name: Phase, ms: number) =>
    Promise.all([world, twin].map((one) => one?.phase(name, ms)))
  await phase("before", calmMs)
  const before = await usageOf(world.gateway)
  const { pid } = world.gateway.running
  const waited = waitingOf(pid)
  const [injected] = await Promise.all([inject(world), phase("during", 0)])
  const slowness = twin === undefined ? 1 : slownessSince(waited, pid) // without one it may be another process by now
  const overMs = world.now()
  await phase("after", calmMs)
  const recovered = await recovery(world, overMs)
  await Promise.all([world.end(), twin?.end()])
  const claims = await judge?.(world)
  await closed(world, before)
  const after = isAlive(world.gateway.running.pid) ? await usageOf(world.gateway) : undefined
  const judged: Partial<Record<Invariant, string | undefined>> = {
    I1: undeclared(world),
    I2: unanswered(world),
    I3: mistaken(world),
    I5: lives(world, before, after, swellBytes),
    I6: await accountedFor(world),
    ...(twin !== undefined && { I7: felt(world, twin, slowness) ?? held(after) }),
    I8: recovered,
  }
  for (const [id, why] of Object.entries(claims ?? {})) judged[id as Invariant] ??= why
  const asked = (Object.entries(judged) as [Invariant, string | undefined][])
    .filter(([id]) => !spared.includes(id))
    .sort(([one], [other]) => one.localeCompare(other))
  report({
    number,
    name: run.name,
    injected,
    judged: asked,
    fates: fates(world),
    turnMs: twin && after?.turnMs, // of one that began anew it would be the start
  })
  expect(asked.filter(([, why]) => why !== undefined)).toEqual([])
}

/** Waits until connections that nobody uses any more are closed: `limits.keepAliveTimeout`, and some time for who is slow. */
async function closed({ gateway }: World, before: Usage): Promise<void> {
  const untilMs = performance.now() + 10_000
  await sleep(500)
  while (performance.now() < untilMs && isAlive(gateway.running.pid)) {
    if (handlesOf(gateway.running.pid) <= handlesMax(before)) return
    await sleep(100)
  }
}

const handlesMax = ({ handles }: Usage): number => handles * 1.1 + 5

async function recovery(world: World, overMs: number): Promise<string | undefined> {
  for (;;) {
    const ms = world.recoveryMs(overMs)
    if (ms !== undefined) return ms <= recoveryMaxMs ? undefined : `after ${Math.round(ms)} ms`
    if (world.now() - overMs > 3 * recoveryMaxMs) return "not within 15 s"
    await sleep(100)
  }
}

const undeclared = ({ arrived }: World): string | undefined =>
  words(
    arrived
      .filter(({ agent, tool }) => !isAllowed(agent, tool))
      .map(({ agent, tool }) => `${agent} reached ${tool}`),
  )

const unanswered = ({ made }: World): string | undefined =>
  words(
    made
      .filter(({ fate }) => fate === "hung" || fate === "lost")
      .map(
        ({ agent, beganMs, fate, n, phase, tool }) =>
          `${fate}: call ${n} of ${agent} to ${tool}, ${phase} the fault, begun after ${Math.round(beganMs)} ms`,
      ),
  )

const mistaken = ({ made }: World): string | undefined =>
  words(made.map(({ fate }) => fate).filter((fate) => fate.startsWith("wrong")))

function lives(
  { gateway, past }: World,
  before: Usage,
  after: Usage | undefined,
  swellBytes: number,
): string | undefined {
  if (after === undefined) return "the process has ended"
  const bugs = [...past, gateway].flatMap((one) => one.log()).filter(({ event }) => event === "bug")
  if (bugs.length > 0) return `${bugs.length} bugs in its log: ${JSON.stringify(bugs[0])}`
  if (after.handles > handlesMax(before))
    return `${before.handles} descriptors became ${after.handles}`
  return (
    grown("held", before.heldBytes, after.heldBytes, 16) ??
    grown("resident", before.residentBytes, after.residentBytes, 128 + swellBytes / 2 ** 20)
  )
}

/**
 * More than a tenth, and what a young process still takes: code that is compiled, caches that fill. An allocator keeps for
 * itself what was freed, so that much more may be resident than is held.
 */
function grown(what: string, before: number, after: number, slackMiB: number): string | undefined {
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
  return after > before * 1.1 + slackMiB * 2 ** 20
    ? `${what}: ${mebibytes(before)} MiB became ${mebibytes(after)}`
    : undefined
}

/** Every call that was answered has one record, and the chain holds. */
async function accountedFor({ gateway, made, unrecorded }: World): Promise<string | undefined> {
  const { stdout } = await postern(["audit", "verify", "--json", gateway.auditFile])
  const { findings } = JSON.parse(stdout) as { findings: { code: string }[] }
  const real = findings.filter(({ code }) => code !== "torn_tail") // it still runs
  if (real.length > 0) return `${real.length} findings: ${JSON.stringify(real[0])}`
  const decided = made.filter(({ fate }) => !unrecorded.has(fate)).length
  const records = gateway.audit().filter(({ kind }) => kind === "call").length
  return records < decided ? `${decided} decisions, ${records} records` : undefined
}

/**
 * The slowest hundredth of the calls of the server that had no fault. What the machine does to everybody is no sign of the
 * fault: calls of the same callers through another gateway, at the same time, say how much that was. The slack is processor time,
 * which takes as much longer as the gateway waits for a processor.
 */
function felt(world: World, twin: World, slowness: number): string | undefined {
  const [before, during, calm, machine] = [
    ...[p99(world, "before"), p99(world, "during")],
    ...[p99(twin, "before"), p99(twin, "during")],
  ]
  if (before === undefined || during === undefined) return "no calls to compare"
  if (calm === undefined || machine === undefined) return "no calls to compare with"
  const noise = Math.max(0, machine - calm)
  return during <= Math.max(1.5 * before, before + slackMs * slowness) + noise
    ? undefined
    : `p99 ${before.toFixed(0)} ms became ${during.toFixed(0)} ms, and ${calm.toFixed(0)} ms became ${machine.toFixed(0)} ms at a gateway without the fault; the machine took ${slowness.toFixed(1)} times as long for everything`
}

/** The event loop, by the time that the processor had for it: while one call is worked on, all others wait. */
function held(after: Usage | undefined): string | undefined {
  const { turnMs = 0 } = after ?? {}
  return turnMs <= turnMaxMs ? undefined : `the event loop was held for ${turnMs.toFixed(0)} ms`
}

/** The slowest hundredth of few calls would be one or two, which say more of the machine than of the gateway. */
const slowMin = 5

function p99({ made }: World, phase: Phase): number | undefined {
  const times = made
    .filter((call) => call.tool === "steady" && call.phase === phase)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  return times[Math.min(Math.floor(times.length * 0.99), times.length - slowMin)] ?? times.at(-1)
}

const words = (all: readonly string[]): string | undefined =>
  all.length === 0 ? undefined : `${all.length}: ${all[0]}`

/** How many calls came to what while the fault was there. */
function fates({ made }: World): string {
  const during = Map.groupBy(
    made.filter(({ phase }) => phase === "during"),
    ({ fate, tool }) => `${tool} ${fate}`,
  )
  return [...during].map(([fate, calls]) => `${calls.length} ${fate}`).join(", ")
}
