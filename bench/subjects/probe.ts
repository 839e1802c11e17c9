// Loaded into each process under test: tells its own CPU time, memory and longest event-loop delay when it is asked.
import { monitorEventLoopDelay } from "node:perf_hooks"

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on("message", () => {
  const { user, system } = process.cpuUsage()
  const loopDelayMaxMs = delay.max / 1e6
  delay.reset()
  process.send?.({
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage().rss,
    loopDelayMaxMs,
  })
})
process.channel?.unref()
