// A byte pipe: what comes is sent on as it is, both ways, and nobody looks at it.
import { Agent, createServer, request as send } from "node:http"

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const server = createServer((incoming, outgoing) => {
  const { headers, method, url } = incoming
  const onward = send(
    { agent, host: "127.0.0.1", port: Number(process.argv[2]), method, path: url, headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  incoming.pipe(onward)
})

server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") console.log(`ready ${address?.port}`)
})
process.once("SIGTERM", () => process.exit(0))
