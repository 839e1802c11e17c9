// Loaded into a gateway before all else: what `victim.test` resolves to stands in a file that the fault writes; an empty one is
// a name that nobody knows.
import dns, { type LookupAddress, type LookupOptions } from "node:dns"
import { readFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"

const real = dns.lookup
type Told = (error: Error | null, address?: string | LookupAddress[], family?: number) => void

function lookup(host: string, options: LookupOptions, told: Told): void {
  if (host !== "victim.test") return void real(host, options, told)
  const address = readFileSync(String(process.env["FAULT_NAMES"]), "utf8").trim()
  if (address === "")
    told(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }))
  else if (options.all === true) told(null, [{ address, family: 4 }])
  else told(null, address, 4)
}

Object.assign(dns, { lookup })
syncBuiltinESMExports()
