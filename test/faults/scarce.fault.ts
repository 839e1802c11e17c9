import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import { callTool } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { play } from "./support/invariants.ts"
import { Orders } from "./support/orders.ts"
import { honest, World } from "./support/world.ts"

/** A small disk of its own; undefined where this process may not mount one. */
function smallDisk(): (Disposable & { readonly folder: string }) | undefined {
  const folder = mkdtempSync(join(tmpdir(), "postern-disk-"))
  const release = () => rmSync(folder, { recursive: true, force: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], { stdio: "ignore" })
  } catch {
    release()
    return
  }
  return {
    folder,
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", folder])
      release()
    },
  }
}

using probe = smallDisk()

test.skipIf(probe === undefined)(
  "22 the disk of the audit and of the runs is full (skipped where no disk may be mounted)",
  async () => {
    using disk = smallDisk()
    const folder = join(String(disk?.folder), "world")
    mkdirSync(folder)
    await using orders = new Orders()
    await using world = await World.open({
      beside: await orders.open(),
      config: { state: { runs: "sqlite:./runs.db" } },
      sketch: { folder },
    })
    world.unrecorded.add("audit_unavailable")
    orders.begin(world, 2)
    await play(world, {
      number: 22,
      name: "the disk of the audit and of the runs is full",
      spared: ["I7"],
      async inject() {
        const ballast = join(String(disk?.folder), "ballast")
        const until = performance.now() + 3_000
        for (let n = 0; performance.now() < until; n++) {
          fill(`${ballast}-${n}`)
          await sleep(100)
        }
        execFileSync("sh", ["-c", `rm ${ballast}-*`])
        return "no byte left on the disk for 3 s"
      },
      judge: async (world) => ({ I4: await orders.end(world) }),
    })
  },
)

/** Takes all the room that is left, to the last page. */
function fill(file: string): void {
  for (const size of [2 ** 20, 2 ** 12])
    try {
      for (let n = 0; n < 100; n++) writeFileSync(file, Buffer.alloc(size), { flag: "a" })
    } catch {} // full is what it is to be
}

test("24 a small heap: answers of a megabyte, as many as come, end no process", async () => {
  await using world = await World.open({
    crowd: 4,
    env: { NODE_OPTIONS: "--max-old-space-size=96" },
  })
  await play(world, {
    number: 24,
    name: "a small heap",
    spared: ["I7"],
    async inject(world) {
      const filler = { type: "text", text: "x".repeat(2 ** 20) }
      world.answering = (call) => {
        const own = { type: "text", text: JSON.stringify(call.arguments) }
        call.send({ result: { content: [own, filler], resultType: "complete" } })
      }
      await sleep(4_000)
      world.answering = honest
      return "answers of 1 MiB to every call, with 96 MB of heap"
    },
  })
})

test("24 the event loop stands still, again and again", async () => {
  await using world = await World.open()
  await play(world, {
    number: 24,
    name: "the event loop stands still",
    spared: ["I7"],
    async inject({ gateway }) {
      for (let stall = 0; stall < 4; stall++) {
        process.kill(gateway.running.pid, "SIGSTOP")
        await sleep(700)
        process.kill(gateway.running.pid, "SIGCONT")
        await sleep(300)
      }
      return "four stops of 700 ms"
    },
  })
})

test("24 a loop: a tool whose server is the gateway itself", async () => {
  const port = await freePort()
  await using world = await World.open({
    beside: {
      tools: { round: "self" },
      agents: { looper: ["round"] },
      servers: {
        "self:1.0.0": {
          url: `http://127.0.0.1:${port}/mcp`,
          headers: { "X-Agent-Name": "looper", "X-Agent-Version": "1.0.0" },
        },
      },
    },
    config: { listen: { port } },
  })
  await play(world, {
    number: 24,
    name: "a tool whose server is the gateway itself",
    spared: ["I7"],
    async inject({ gateway }) {
      const rounds = Array.from({ length: 4 }, () => callTool(gateway, "looper", "round"))
      for (const answer of await Promise.all(rounds))
        expect(JSON.stringify(answer)).toContain("may go in a circle")
      return "four calls that go round, until each has passed eight times"
    },
    async judge({ gateway }) {
      const rounds = gateway.audit().filter(({ target }) => Object(target).name === "round")
      expect(rounds.filter(({ kind }) => kind === "call")).toHaveLength(4 * 9)
      const isQuiet = async () => Object((await gateway.status())["face"]).inFlight === 0
      const trouble = await becomes(isQuiet, "nothing goes round").then(
        () => undefined,
        () => "calls still go round",
      )
      return { I2: trouble }
    },
  })
})
