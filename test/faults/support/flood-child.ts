// A crowd of connections, apart from those who are judged: `flood-child.ts PORT IDLE SLOW`. Idle ones say nothing, slow ones send
// a byte of a request now and then. Tells its parent when all are open, and how many the gateway has closed when it is asked.
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

const [port, idle, slow] = process.argv.slice(2).map(Number) as [number, number, number]
const sockets = new Set<Socket>()
let opened = 0
let closed = 0

function open(first: string | undefined): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" })
  socket.on("error", () => undefined) // cut is what they are
  return new Promise((resolve) => {
    socket.on("connect", () => {
      opened++
      sockets.add(socket)
      if (first !== undefined) {
        socket.write(first)
        const drip = setInterval(() => socket.write("x"), 1_000)
        socket.on("close", () => clearInterval(drip))
      }
    })
    socket.on("connect", resolve)
    socket.on("close", () => {
      closed++
      sockets.delete(socket)
      resolve()
    })
    socket.resume()
  })
}

const batch = 50
for (let count = 0; count < idle + slow; count += batch) {
  const more = Math.min(batch, idle + slow - count)
  await Promise.all(
    Array.from({ length: more }, (_, nth) =>
      open(count + nth < slow ? "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " : undefined),
    ),
  )
  await sleep(25)
}
process.on("message", () => process.send?.({ opened, closed }))
process.on("disconnect", () => process.exit(0))
process.send?.({ opened, closed })
