// npm run bench — direct, floor and Postern side by side; see bench/README.md for how to read it.
import { writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { type Measured, measureCalls } from "./calls.ts"
import { measureLoad, measureReload } from "./catalog.ts"
import { measureStart } from "./cold.ts"
import { innerCalls, measureCompositions, measureInterpreter, targets } from "./compositions.ts"
import { compositions as contracted, measureContracts } from "./contracts.ts"
import { measureFloods, measureOverload } from "./overload.ts"
import { measurePeers, sessionCount } from "./peers/measure.ts"
import { publishedRow } from "./peers/report.ts"
import { atOnce, measureRecovery, measureSagas, sagaSteps } from "./sagas.ts"
import { eventsPerCall, measureSessions, measureStreams } from "./streams.ts"
import type { Usage } from "./subject.ts"
import { measureTelemetry } from "./telemetry.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    passes: { type: "string", default: "3" },
    save: { type: "string" }, // where what is published of the peers goes
    connections: { type: "string", default: "32" },
    only: {
      type: "string",
      default:
        "calls,telemetry,overload,streams,sessions,compositions,sagas,contracts,catalog,start",
    },
  },
})
const wanted = new Set(values.only.split(","))
const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`

if (wanted.has("calls")) await calls()
if (wanted.has("overload")) await overload()
if (wanted.has("telemetry")) await telemetry()
if (wanted.has("streams")) await streams()
if (wanted.has("sessions")) await sessions()
if (wanted.has("compositions")) await compositions()
if (wanted.has("sagas")) await sagas()
if (wanted.has("contracts")) contracts()
if (wanted.has("catalog")) await catalog()
if (wanted.has("start")) await cold()
if (wanted.has("peers")) await peers() // not by default: it installs them

async function telemetry(): Promise<void> {
  const passes = await measureTelemetry({
    seconds: Number(values.seconds),
    passes: Number(values.passes),
    connections: Number(values.connections),
  })
  console.log("\ntools/call with telemetry")
  table(passes)
  ratio(passes, "off", "floor", { calls: 0.75, cpu: 1.35 })
  for (const name of ["on, none kept", "on, 5 % kept", "on, all kept"])
    ratio(passes, name, "off", {})
}

async function streams(): Promise<void> {
  const passes = await measureStreams({
    seconds: Number(values.seconds),
    passes: Number(values.passes),
    connections: Number(values.connections),
  })
  const rows = ["pipe", "postern"].map((name) => {
    const all = passes.flatMap((pass) => pass.filter((one) => one.name === name))
    const of = (pick: (one: Measured) => number) => median(all.map(pick))
    return {
      subject: name,
      "events/s": Math.round(of((m) => m.callsPerSecond * eventsPerCall)),
      "CPU µs/event": Number((of((m) => m.cpuUs) / eventsPerCall).toFixed(2)),
      failed: all.reduce((sum, m) => sum + m.failed, 0),
    }
  })
  console.log(`\nstreams of ${eventsPerCall} events`)
  console.table(rows)
  ratio(passes, "postern", "pipe", { calls: 0.6 })
}

async function overload(): Promise<void> {
  const [peak, ...pressed] = await measureOverload(Number(values.seconds))
  const rows = [peak, ...pressed].flatMap((one) =>
    one === undefined || peak === undefined
      ? []
      : {
          connections: one.connections,
          "answered/s": Math.round(one.goodput),
          "of the peak": Number((one.goodput / peak.goodput).toFixed(2)),
          "CPU µs/answered": Number(one.cpuUs.toFixed(1)),
          "turned away/s": Math.round(one.refused),
          "p50 ms": Math.round(one.p50Ms),
          "p99 ms": Math.round(one.p99Ms),
        },
  )
  console.log("\noverload (reach ≥ 0.8 of the peak)")
  console.table(rows)
  await floods()
}

async function floods(): Promise<void> {
  const found = await measureFloods(Number(values.seconds))
  const [alone] = found
  const rows = found.map((one) => ({
    beside: one.beside,
    "p50 ms": Number(one.p50Ms.toFixed(2)),
    "p99 ms": Number(one.p99Ms.toFixed(2)),
    "× alone": Number((one.p99Ms / (alone?.p99Ms ?? Number.NaN)).toFixed(2)),
    failed: one.failed,
    "its calls/s": Math.round(one.flood),
    "refused/s": Math.round(one.refused),
  }))
  console.log("\nan agent beside another one (reach: p99 ≤ 1.5 × that of the agent alone)")
  console.table(rows)
}

async function sessions(): Promise<void> {
  const [count, open] = [10_000, 2_000]
  const { emptyBytes, sessionsBytes, streamsBytes } = await measureSessions(count, open)
  console.log(
    `\n${count} idle sessions: ${mebibytes(sessionsBytes - emptyBytes)} over the empty process (reach ≤ 120 MB); a GET stream costs ${((streamsBytes - sessionsBytes) / open / 1024).toFixed(1)} KiB more (${open} were open)`,
  )
}

async function compositions(): Promise<void> {
  const passes = await measureCompositions({
    seconds: Number(values.seconds),
    passes: Number(values.passes),
  })
  const of = (pick: (pass: (typeof passes)[number]) => number) => median(passes.map(pick))
  const direct = of(({ direct }) => direct.cpuUs)
  const inner = of(({ one, many }) => (many.cpuUs - one.cpuUs) / (innerCalls - 1))
  const more = of(
    ({ direct, one, many }) => (many.cpuUs - one.cpuUs) / (innerCalls - 1) - direct.cpuUs,
  )
  const failed = passes.flatMap((pass) => Object.values(pass)).reduce((sum, m) => sum + m.failed, 0)
  console.log(
    `\none more call in a composition: ${inner.toFixed(1)} µs of CPU; called directly ${direct.toFixed(1)} µs: ${more.toFixed(1)} µs more (reach ≤ 20)`,
  )
  console.log(`of that the interpreter takes ${(await measureInterpreter()).toFixed(1)} µs a step`)
  const slowest = of(({ slowest }) => slowest.p50Ms)
  const gathered = of(({ scatter }) => scatter.p50Ms)
  const late = of(({ slowest, scatter }) => scatter.p50Ms - slowest.p50Ms)
  console.log(
    `a scatter-gather over ${targets} calls: ${gathered.toFixed(2)} ms; its slowest alone ${slowest.toFixed(2)} ms: ${late.toFixed(2)} ms more (reach ≤ 1); ${failed} failed`,
  )
}

async function sagas(): Promise<void> {
  const rows = (await measureSagas(Number(values.seconds))).map((one) => ({
    journal: one.name,
    "steps/s": Math.round(one.stepsPerSecond),
    "p50 ms, alone": Number(one.p50Ms.toFixed(2)),
    "p99 ms, alone": Number(one.p99Ms.toFixed(2)),
  }))
  console.log(
    `\nsagas of ${sagaSteps} steps, ${atOnce} at once and alone (reach ≥ 30,000 steps/s and p50 ≤ 2 ms on SQLite, FULL)`,
  )
  console.table(rows)
  const count = 10_000
  console.log(
    `${count} runs that were left, ended in ${(await measureRecovery(count)).toFixed(1)} s (reach ≤ 10)`,
  )
}

function contracts(): void {
  const { checkMs, pairUs } = measureContracts()
  console.log(
    `\n${contracted} compositions planned and checked: ${Math.round(checkMs)} ms of CPU (reach ≤ 1000); two schemas compared: ${pairUs.toFixed(1)} µs (reach ≤ 100)`,
  )
}

async function calls(): Promise<void> {
  const { passes, listBytes } = await measureCalls({
    seconds: Number(values.seconds),
    passes: Number(values.passes),
    connections: Number(values.connections),
  })
  console.log(
    `\n${values.passes} passes of ${values.seconds} s, ${values.connections} connections; medians\n`,
  )
  table(passes)
  ratio(passes, "postern, header", "floor", { calls: 0.75, cpu: 1.35 })
  ratio(passes, "postern, token", "floor", { cpu: 1.45 })
  ratio(passes, "postern, tools/list", "constant list", { calls: 0.8 })
  console.log(`(the list is ${listBytes} bytes)`)
}

function table(passes: readonly Measured[][]): void {
  const names = passes[0]?.map(({ name }) => name) ?? []
  const rows = names.map((name) => {
    const all = passes.flatMap((pass) => pass.filter((one) => one.name === name))
    const of = (pick: (one: Measured) => number) => median(all.map(pick))
    return {
      subject: name,
      "calls/s": Math.round(of((m) => m.callsPerSecond)),
      "CPU µs/call": Number(of((m) => m.cpuUs).toFixed(1)),
      "p50 ms": Number(of((m) => m.p50Ms).toFixed(2)),
      "p99 ms": Number(of((m) => m.p99Ms).toFixed(2)),
      failed: all.reduce((sum, m) => sum + m.failed, 0),
    }
  })
  console.table(rows)
}

/** Within one pass the two stood side by side, so their ratio holds when the machine drifts. */
function ratio(
  passes: readonly Measured[][],
  a: string,
  b: string,
  reach: { calls?: number; cpu?: number },
): void {
  const of = (pick: (one: Measured) => number) =>
    median(
      passes.map((pass) => {
        const [x, y] = [a, b].map((name) => pass.find((one) => one.name === name))
        return x && y ? pick(x) / pick(y) : Number.NaN
      }),
    )
  const rate = of((m) => m.callsPerSecond)
  const cpu = of((m) => m.cpuUs)
  const goal = (reached: number | undefined, sign: string) =>
    reached ? ` (reach ${sign} ${reached})` : ""
  console.log(
    `${a} / ${b}: ${rate.toFixed(2)} × the calls per second${goal(reach.calls, "≥")}, ${cpu.toFixed(2)} × the CPU per call${goal(reach.cpu, "≤")}`,
  )
}

async function peers(): Promise<void> {
  const connections = Number(values.connections)
  const measured = await measurePeers({
    seconds: Number(values.seconds),
    passes: Number(values.passes),
    connections,
  })
  const rows = measured.map(publishedRow)
  console.log(
    `\npostern beside its peers, ${connections} connections; what ${sessionCount} more sessions add, each`,
  )
  console.table(rows)
  if (values.save === undefined) return
  const date = new Date().toISOString().slice(0, 10)
  const machine = { date, node: process.version, cores: availableParallelism() }
  writeFileSync(values.save, `${JSON.stringify({ ...machine, connections, rows }, null, 2)}\n`)
}

async function catalog(): Promise<void> {
  const { documentBytes, seconds, rssBytes, tools } = measureLoad()
  console.log(
    `\ncatalog of ${tools} tools (${mebibytes(documentBytes)}): ready in ${seconds.toFixed(2)} s (reach ≤ 1.5), ${mebibytes(rssBytes)} (reach ≤ 250 MB)`,
  )
  const { calm, busy, calmUsage, busyUsage } = await measureReload()
  const beside = (pick: (usage: Usage) => number) =>
    `${pick(busyUsage).toFixed(0)} ms (without reloads ${pick(calmUsage).toFixed(0)})`
  console.log(
    `reloaded under load: ${busy.failed} of ${busy.calls} calls failed; p99 ${busy.p99Ms.toFixed(1)} ms (without ${calm.p99Ms.toFixed(1)})
  the event loop was late by at most ${beside((usage) => usage.loopDelayMaxMs)}: reach ≤ 50, on a machine that does nothing else
  the longest turn took ${beside((usage) => usage.turnCpuMaxMs)} of CPU time; the longest pause for garbage ${beside((usage) => usage.gcMaxMs)}`,
  )
}

async function cold(): Promise<void> {
  const times = await measureStart(7)
  console.log(
    `\nstart to ready, every backend down: ${median(times).toFixed(0)} ms (reach ≤ 400; ${times.map((t) => t.toFixed(0)).join(", ")})`,
  )
}
