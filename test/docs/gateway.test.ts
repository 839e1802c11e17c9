import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type RunningGateway, startGateway } from "../../examples/support/gateway.ts"
import { blocks, pages, read, rows } from "./pages.ts"
import { shown } from "./session.ts"

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const who = { "x-agent-name": "research-agent", "x-agent-version": "2.1.0" }
const common = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  ...who,
}

describe("what the gateway prints at its start", () => {
  const quoted = pages.flatMap((page) =>
    blocks(page)
      .filter(({ marks }) => marks.includes("start"))
      .map(({ text }) => ({ page, text })),
  )

  test.each(quoted)("is as $page quotes it", ({ text }) => {
    const [, ...lines] = text.split("\n") // the first is what was typed
    expect(lines.join("\n")).toBe(shown(lines.join("\n"), usualPorts(gateway.banner)))
  })

  test("is quoted somewhere", () => expect(quoted).not.toEqual([]))
})

/** The banner with the ports of config/postern.yaml in place of the free ones that the test takes. */
function usualPorts(banner: string): string {
  const admin = /admin +http:\/\/127\.0\.0\.1:(\d+)/.exec(banner)?.[1] ?? "?"
  const documents = [...banner.matchAll(/document-service@\S+ +http:\/\/127\.0\.0\.1:(\d+)/g)]
  const ports = [gateway.url.port, admin, ...documents.map(([, port = "?"]) => port)]
  return ["3000", "3001", "4101", "4102"].reduce(
    (text, usual, index) => text.replaceAll(`:${ports[index]}`, `:${usual}`),
    banner,
  )
}

test("docs/reference/metrics.md has exactly the metrics that are served", async () => {
  await post({ method: "tools/list" }) // turned away without a session, or not: something was decided
  const admin = /admin +(\S+)/.exec(gateway.banner)?.[1]
  const text = await (await fetch(`${admin}/metrics`)).text()
  const served = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name, help, type]) => [name, type, help],
  )
  expect(served.length).toBeGreaterThan(20)
  const written = rows(read("docs/reference/metrics.md"))
    .filter(({ cells }) => cells.length === 3)
    .map(({ name, cells: [type, , help] }) => [name, type, help])
  expect(written.sort()).toEqual(served.sort())
  for (const [, metric, labels = ""] of text.matchAll(/^(postern_\w+)\{(\w+)=/gm)) {
    const row = rows(read("docs/reference/metrics.md")).find(({ name }) => name === metric)
    if (row !== undefined) expect(row.cells[1], metric).toContain(`\`${labels}\``)
  }
})

describe("docs/reference/mcp-features.md", () => {
  const methods = rows(read("docs/reference/mcp-features.md"))
    .filter(({ cells }) => cells.every((cell) => cell === "yes" || cell === "no"))
    .map(({ name, cells: [legacy, modern] }) => ({ name, legacy, modern }))

  test("names methods", () => expect(methods.length).toBeGreaterThan(10))

  test.each(methods)(
    "says rightly whether $name exists: legacy $legacy, modern $modern",
    async ({ name, legacy, modern }) => {
      const session = await begin()
      const answers = {
        legacy: await post({ method: name, params: paramsOf(name) }, { "mcp-session-id": session }),
        modern: await postModern(name),
      }
      expect({
        legacy: answers.legacy.includes("-32601") ? "no" : "yes",
        modern: answers.modern.includes("-32601") ? "no" : "yes",
      }).toEqual({ legacy, modern })
    },
  )
})

const initialize = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "docs", version: "1" },
}

function paramsOf(method: string): Record<string, unknown> {
  if (method === "initialize") return initialize
  if (method === "tools/call") return { name: "list_files", arguments: {} }
  if (method === "subscriptions/listen") return { notifications: {} } // nothing is wanted, so it ends at once
  return method === "logging/setLevel" ? { level: "info" } : {}
}

async function begin(): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params: initialize })
  const answer = await fetch(gateway.url, { method: "POST", headers: common, body })
  await answer.text()
  return answer.headers.get("mcp-session-id") ?? ""
}

async function post(
  message: { method: string; params?: object },
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...message })
  const answer = await fetch(gateway.url, {
    method: "POST",
    headers: { ...common, ...headers },
    body,
  })
  return answer.text()
}

function postModern(method: string): Promise<string> {
  const params = paramsOf(method)
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  }
  return post(
    { method, params: { ...params, _meta } },
    {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof params["name"] === "string" && { "mcp-name": params["name"] }),
    },
  )
}
