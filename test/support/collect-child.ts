/**
 * Loaded into a child before its program (`--import`): at SIGUSR2 it writes on stderr, as a line of a log, how long the event
 * loop was held at most since it was last asked, collects all garbage, and tells what is still held. What a process holds says
 * more than what is resident: an allocator keeps for itself what was freed.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** Of this thread: what other processes take is no time of it. */
const cpuMs = () => {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
}

/** How much processor time went by between two turns of the loop, at most. */
let longestMs = 0
let lastMs = cpuMs()
setInterval(() => {
  const nowMs = cpuMs()
  longestMs = Math.max(longestMs, nowMs - lastMs)
  lastMs = nowMs
}, 10).unref()

process.on("SIGUSR2", () => {
  const turnMs = longestMs
  collect()
  setImmediate(() => {
    collect() // what the first run let finalizers free
    const { external, heapUsed } = process.memoryUsage()
    const bytes = heapUsed + external
    const resources = process.getActiveResourcesInfo().length
    process.stderr.write(`${JSON.stringify({ event: "held", bytes, resources, turnMs })}\n`)
    longestMs = 0
    lastMs = cpuMs()
  })
})
