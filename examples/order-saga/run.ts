// Three orders through one saga: one that goes well, one that cannot be shipped, and one in the middle of which the gateway is
// killed. Asserts what it prints, and that the books of the three servers balance.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connectAs } from "../support/client.ts"
import { startGateway } from "../support/gateway.ts"
import { openShop } from "./shop.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-order-"))
await using shop = await openShop(folder, { hold: "order-3" })
const start = () =>
  startGateway("examples/order-saga/postern.yaml", {
    ...shop.ports,
    POSTERN_RUNS: process.env["POSTERN_RUNS"] ?? `sqlite:${join(folder, "runs.db")}`,
  })

let gateway = await start()
let clerk = await connectAs(gateway.url, "shop-clerk", "1.0.0")
const order = (orderId: string, address: string) => ({
  name: "place_order",
  arguments: { orderId, item: "lamp", amount: 4_900, address },
})

// 1. All three servers do their part.
const first = await place(order("order-1", "4 Quay Street"))
assert.deepEqual(first, { status: "completed", steps: "reserve ok, charge ok, ship ok" })
console.log(`order-1  ${first.status}: ${first.steps}`)

// 2. Nobody ships to nowhere. What was done is undone, the last first.
const second = await place(order("order-2", "nowhere"))
assert.deepEqual(second, {
  status: "compensated",
  steps: "reserve undone, charge undone, ship failed",
})
console.log(`order-2  ${second.status}: ${second.steps}`)

// 3. The parcel is sent, and the gateway is killed before it hears of that.
const lost = place(order("order-3", "9 Harbour Lane")).catch(() => "nobody answered")
await shop.held
await gateway.kill()
assert.equal(await lost, "nobody answered")
console.log("order-3  the parcel is on its way, and the gateway is gone: nobody answered")

// The next gateway goes on with the run by itself. Who asks again with the same order gets what came of it.
gateway = await start()
clerk = await connectAs(gateway.url, "shop-clerk", "1.0.0")
const third = await place(order("order-3", "9 Harbour Lane"))
assert.deepEqual(third, { status: "completed", steps: "reserve ok, charge ok, ship ok" })
console.log(`order-3  ${third.status}: ${third.steps}`)

// The books say what happened, whatever anybody heard of it.
console.log("\nthe books")
for (const { orderId, reserved, charged, shipped } of shop.books()) {
  assert.equal(reserved, shipped, "what is set aside is shipped")
  assert.equal(charged, shipped * 4_900, "what is paid is shipped")
  const words = `${reserved} set aside, ${charged} charged, ${shipped} shipped`
  console.log(`  ${orderId}  ${words}`)
}
assert.deepEqual(
  shop.books().map(({ shipped }) => shipped),
  [1, 0, 1],
)
await clerk.close()
await gateway[Symbol.asyncDispose]()
rmSync(folder, { recursive: true })

async function place(
  request: ReturnType<typeof order>,
): Promise<{ status: string; steps: string }> {
  const { _meta } = await clerk.callTool(request)
  const run = _meta?.["dev.postern/run"] as {
    status: string
    steps: { id: string; status: string }[]
  }
  return {
    status: run.status,
    steps: run.steps.map(({ id, status }) => `${id} ${status}`).join(", "),
  }
}
