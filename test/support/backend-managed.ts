/** A modern HTTP server that the gateway starts: `node backend-managed.ts <port> [quirk…]`. */
import { createServer } from "node:http"
import { json as read } from "node:stream/consumers"
import { Behaviour, type Message } from "./backend-behaviour.ts"

const [port, ...quirks] = process.argv.slice(2)
const behaviour = new Behaviour("modern")
const server = createServer((request, response) => {
  void read(request).then((body) => {
    const message = body as Message
    if (message.params?.["name"] === "crash") process.exit(5)
    behaviour.handle(message, (out) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(out))
    })
  })
})
process.stdout.write("about to listen\n")
if (!quirks.includes("never-listens"))
  setTimeout(() => server.listen(Number(port), "127.0.0.1"), 100)
else setInterval(() => {}, 1_000)
