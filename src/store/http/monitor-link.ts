const link = /<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)/g
const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i

/**
 * Where a source tells of changes: the first `Link` (RFC 8288) with the relation `monitor`, from the address that the
 * header was sent for. Of the same origin only: what the gateway proves itself with goes to no other.
 */
export function monitorLink(
  header: string | string[] | undefined,
  url: string,
): string | undefined {
  for (const [, target = "", parameters = ""] of [header ?? []].flat().join(", ").matchAll(link)) {
    const [, quoted, plain] = relation.exec(parameters) ?? []
    const relations = (quoted ?? plain ?? "").toLowerCase().split(/\s+/)
    if (!relations.includes("monitor") || !URL.canParse(target, url)) continue
    const found = new URL(target, url)
    if (found.origin === new URL(url).origin && found.username === "" && found.password === "")
      return found.href
  }
  return
}
