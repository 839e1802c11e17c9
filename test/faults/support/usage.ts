import { readdirSync, readFileSync } from "node:fs"
import { jsonLines, type TestGateway } from "../../support/e2e-gateway.ts"
import { until } from "../../support/e2e-process.ts"

export interface Usage {
  /** Bytes of the heap, and of what is outside for it, when all garbage is collected. */
  readonly heldBytes: number
  readonly residentBytes: number
  /** Open descriptors. */
  readonly handles: number
  /** Timers, sockets and whatever else keeps the process alive. */
  readonly resources: number
  /** How long the event loop was held at most since it was last asked, in milliseconds of its processor time. */
  readonly turnMs: number
}

/** What a gateway's process takes, as it says itself and as Linux counts it. */
export async function usageOf({ running }: TestGateway): Promise<Usage> {
  const { pid } = running
  const from = running.stderr().lastIndexOf("\n") + 1
  running.child.kill("SIGUSR2")
  const { bytes, resources, turnMs } = await until(() => {
    const told = jsonLines(running.stderr().slice(from)).find(({ event }) => event === "held")
    if (told === undefined) throw new Error("garbage is not collected yet")
    return told
  })
  return {
    heldBytes: Number(bytes),
    residentBytes: residentBytesOf(pid),
    handles: handlesOf(pid),
    resources: Number(resources),
    turnMs: Number(turnMs),
  }
}

export const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
}

/** How long a process's main thread ran, and how long it waited for a processor, by Linux: in nanoseconds. */
interface Waiting {
  readonly ran: number
  readonly waited: number
}

export function waitingOf(pid: number): Waiting {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8")
    .split(" ")
    .map(Number)
  return { ran, waited }
}

/** How many times as long as its processor time anything took, because others had the processors; 1 where none did. */
export function slownessSince(from: Waiting, pid: number): number {
  const to = waitingOf(pid)
  const ran = to.ran - from.ran
  return ran > 0 ? (ran + to.waited - from.waited) / ran : 1
}
