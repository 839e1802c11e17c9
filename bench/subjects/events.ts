// A backend whose answer is a stream: 200 notifications of progress, then the result. One write for each event.
import { createServer, type ServerResponse } from "node:http"

const eventsPerCall = 200

const frame = (message: string) => `event: message\ndata: ${message}\n\n`

async function pour(response: ServerResponse, id: unknown, token: unknown): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (let progress = 1; progress <= eventsPerCall; progress++) {
    const params = `"progressToken":${JSON.stringify(token)},"progress":${progress},"total":${eventsPerCall},"message":"reading the tables of the northern harbours"`
    const text = `{"jsonrpc":"2.0","method":"notifications/progress","params":{${params}}}`
    if (!response.write(frame(text)) && !response.destroyed)
      await new Promise((resolve) => response.once("drain", resolve))
  }
  const documents = '{"documents":[{"id":1,"title":"Tides"}]}'
  const result = `{"resultType":"complete","content":[],"structuredContent":${documents}}`
  response.end(frame(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`))
}

const server = createServer((request, response) => {
  let body = ""
  request.setEncoding("utf8")
  request.on("data", (chunk: string) => {
    body += chunk
  })
  request.on("end", () => {
    const { id, method, params } = JSON.parse(body) as {
      id?: unknown
      method: string
      params?: { _meta?: { progressToken?: unknown } }
    }
    if (method === "tools/call") void pour(response, id, params?._meta?.progressToken)
    else {
      const result = { resultType: "complete", supportedVersions: ["2026-07-28"], tools: [] }
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { ...result, capabilities: {} } }))
    }
  })
})

server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") console.log(`ready ${address?.port}`)
})
process.once("SIGTERM", () => process.exit(0))
