// A collector that takes everything and looks at nothing.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const server = createServer((request, response) => {
  request.resume().on("end", () => response.end("{}"))
}).listen(0, "127.0.0.1", () => {
  console.log(`ready ${(server.address() as AddressInfo).port}`) // it listens on TCP
})
