// Loaded into each process under test: tells its own CPU time, memory and longest interruptions when it is asked.
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks"

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

/** CPU time that this thread used between two ticks of a timer: a turn of the loop that is long for itself, and not because the machine is busy. */
let turnCpuMaxMs = 0
let before = threadCpuMs()
setInterval(() => {
  const now = threadCpuMs()
  turnCpuMaxMs = Math.max(turnCpuMaxMs, now - before)
  before = now
}, 1).unref()

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

let gcMaxMs = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMaxMs = Math.max(gcMaxMs, duration)
}).observe({ entryTypes: ["gc"] })

process.on("message", () => {
  const { user, system } = process.cpuUsage()
  process.send?.({
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage().rss,
    loopDelayMaxMs: delay.max / 1e6,
    turnCpuMaxMs,
    gcMaxMs,
  })
  delay.reset()
  turnCpuMaxMs = 0
  gcMaxMs = 0
})
process.channel?.unref()
