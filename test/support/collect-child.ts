/**
 * Loaded into a child before its program (`--import`): at SIGUSR2 it collects all garbage and writes on stderr what is still held,
 * as a line of a log. What a process holds says more than what is resident: an allocator keeps for itself what was freed.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

process.on("SIGUSR2", () => {
  collect()
  setImmediate(() => {
    collect() // what the first run let finalizers free
    const { external, heapUsed } = process.memoryUsage()
    const bytes = heapUsed + external
    const resources = process.getActiveResourcesInfo().length
    process.stderr.write(`${JSON.stringify({ event: "held", bytes, resources })}\n`)
  })
})
