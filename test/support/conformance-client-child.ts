/*
 * What the official suite runs as a client: `conformance-client-child.ts PORT URL`, with its server at that URL. The
 * gateway and what drives it are in the process that listens at the port: to load them for each scenario would take most
 * of the time.
 */
import { request } from "node:http"

const [port, url] = process.argv.slice(2)
const {
  MCP_CONFORMANCE_CONTEXT: context,
  MCP_CONFORMANCE_PROTOCOL_VERSION: revision,
  MCP_CONFORMANCE_SCENARIO: scenario,
} = process.env

const asked = request({ port, host: "127.0.0.1", method: "POST" }, (answer) => {
  answer.pipe(process.stderr)
  if (answer.statusCode !== 200) process.exitCode = 1
})
asked.end(JSON.stringify({ url, context, revision, scenario }))
