// A backend that costs next to nothing: answers tools/call with one structured result, in both eras; tool `wait_20` after
// 20 ms. `backend.ts [MS]`: how long it keeps idle connections, otherwise for a minute.
import { createServer } from "node:http"

const answer = (id: unknown) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"complete","content":[{"type":"text","text":"{\\"documents\\":[{\\"id\\":1,\\"title\\":\\"Tides\\"}]}"}],"structuredContent":{"documents":[{"id":1,"title":"Tides"}]}}}`

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
      params?: { name?: string }
    }
    const text = method === "tools/call" ? answer(id) : other(id, method)
    const send = () => {
      response.writeHead(id === undefined ? 202 : 200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      })
      response.end(text)
    }
    const waitMs = /^wait_(\d+)$/.exec(params?.name ?? "")?.[1]
    if (waitMs === undefined) send()
    else setTimeout(send, Number(waitMs))
  })
})

function other(id: unknown, method: string): string {
  if (id === undefined) return ""
  const result =
    method === "server/discover"
      ? {
          resultType: "complete",
          supportedVersions: ["2026-07-28"],
          capabilities: { tools: {} },
          ttlMs: 0,
          cacheScope: "private",
        }
      : { resultType: "complete", tools: [], ttlMs: 0, cacheScope: "private" }
  return JSON.stringify({ jsonrpc: "2.0", id, result })
}

server.keepAliveTimeout = Number(process.argv[2] ?? 60_000)
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") console.log(`ready ${address?.port}`)
})
process.once("SIGTERM", () => process.exit(0))
