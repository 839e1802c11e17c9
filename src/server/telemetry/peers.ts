import type { Address } from "../../mcp/backend/address.ts"
import { refKey } from "../../registry/model.ts"
import type { Routes } from "../routes.ts"
import type { Peer, Peers } from "./facets.ts"

/** By where the configuration says that servers are. Of an address only host and port are told. */
export function peersOf(routes: () => Routes | undefined): Peers {
  const known = new WeakMap<Address, Peer>()
  return ({ name, version }) => {
    const address = routes()?.addresses.get(refKey(name, version))
    if (address === undefined) return
    const peer = known.get(address) ?? peerOf(address)
    known.set(address, peer)
    return peer
  }
}

function peerOf(address: Address): Peer {
  if (address.kind === "stdio") return { transport: "pipe" }
  const { hostname, port, protocol } = new URL(address.url)
  const usual = protocol === "https:" ? 443 : 80
  return { transport: "tcp", address: hostname, port: port === "" ? usual : Number(port) }
}
