const lengthMax = 4_096

/**
 * The path to post to, from what the server wrote in its `endpoint` event (MCP 2024-11-05). Only one of the server's own
 * origin: what is posted there holds credentials and callers' arguments. Undefined for any other.
 */
export function endpointPath(written: string, server: URL): string | undefined {
  if (written.length > lengthMax || !URL.canParse(written, server.href)) return
  const { origin, pathname, search, username, password } = new URL(written, server)
  if (origin !== server.origin || username !== "" || password !== "") return
  return pathname + search
}
