import { isIP } from "node:net"

/**
 * Which `Host` headers the admin listener answers. A web page can make its own name resolve to this machine, so names
 * count only where they are listed; addresses and localhost cannot be taken over that way. Any port will do.
 */
export function ownHosts(names: readonly string[]): (host: string | undefined) => boolean {
  const listed = new Set(["localhost", ...names.map((name) => name.toLowerCase())])
  return (host) => {
    if (host === undefined) return false
    const { name } =
      /^(?<name>\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host.toLowerCase())?.groups ?? {}
    if (name === undefined) return false
    return listed.has(name) || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0
  }
}
