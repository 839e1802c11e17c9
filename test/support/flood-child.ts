/**
 * A modern server of the tool `victim` in a process of its own: what it sends costs whoever measures no time. Told `flood` it
 * answers with 100 MB or with 200 MiB in a gzip of 200 KB, told `honest` with the arguments; it tells of each call and first of its port.
 */
import type { ServerResponse } from "node:http"
import { gzipSync } from "node:zlib"
import { chances } from "./chances.ts"
import { type BackendCall, openBackend } from "./e2e-backend.ts"

const head = { "content-type": "application/json" }
const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20, " "))
const piece = Buffer.alloc(2 ** 20, " ")
const random = chances(Number(process.argv[2]))
let isFlooding = false

function flood({ response }: BackendCall): void {
  if (random() < 0.5) response.writeHead(200, { ...head, "content-encoding": "gzip" }).end(bomb)
  else {
    response.writeHead(200, head)
    pour(response, 100)
  }
}

function pour(response: ServerResponse, pieces: number): void {
  for (let left = pieces; left > 0 && !response.destroyed; left--)
    if (!response.write(piece)) return void response.once("drain", () => pour(response, left - 1))
  response.end()
}

const { port } = await openBackend({
  victim(call) {
    process.send?.({ arrived: call.arguments })
    if (isFlooding) flood(call)
    else call.text(JSON.stringify(call.arguments))
  },
})
process.on("message", (word) => {
  isFlooding = word === "flood"
})
process.on("disconnect", () => process.exit())
process.send?.({ port })
