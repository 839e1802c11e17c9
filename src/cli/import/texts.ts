import { basename, dirname, relative, resolve } from "node:path"
import { lockText } from "../../registry/pins/lock-text.ts"
import { editServers, type ServersEdit } from "../../server/config/edit-servers.ts"
import type { Found } from "./found.ts"
import type { Settled } from "./settle.ts"
import type { State, Written } from "./state.ts"

/** A file as import leaves it. */
export interface Text extends Written {
  readonly next: string
}

export interface Texts {
  readonly registry: Text
  readonly config: Text
  readonly lock: Text
  readonly servers: ServersEdit
}

export const emptyRegistry = `${JSON.stringify(
  { schemaVersion: "2.0", schemas: [], servers: [], tools: [], agents: [] },
  null,
  2,
)}\n`

/** What the three files come to. */
export function textsOf(state: State, settled: Settled, found: readonly Found[]): Texts {
  const servers = serversEdit(state, settled, found)
  const config = editServers(state.config.text ?? newConfig(state), servers)
  const isNothing = settled.servers.length === 0
  const keep = (one: Written, next: string) => ({
    ...one,
    next: isNothing ? (one.text ?? "") : next,
  })
  return {
    registry: keep(state.registry, settled.text),
    config: keep(state.config, config),
    lock: keep(state.lock, lockText(settled.lock)),
    servers,
  }
}

/** Entries for new servers; those that are there keep theirs, under the version that the server has now. */
function serversEdit(
  { config }: State,
  { servers }: Settled,
  found: readonly Found[],
): ServersEdit {
  const add: ServersEdit["add"][number][] = []
  const rename: ServersEdit["rename"][number][] = []
  for (const { name, version, was } of servers) {
    const own = config.servers.filter((one) => one.name === name)
    const old = was === undefined ? undefined : own.find((one) => one.version === was)
    const key = version === undefined ? name : `${name}:${version}`
    if (old !== undefined) rename.push({ from: old.key, to: key })
    else if (own.every((one) => one.version !== version && one.version !== undefined))
      add.push({ key, entry: candidateOf(found, name, version)?.entry ?? {} })
  }
  return { add, rename }
}

/** Of several servers with one name the one that has this version. */
const candidateOf = (found: readonly Found[], name: string, version: string | undefined) =>
  found
    .filter(({ server }) => server.name === name)
    .toSorted((one) => (one.server.version === version ? -1 : 1))[0]?.candidate

function newConfig({ config, registry }: State): string {
  const path = relative(dirname(resolve(config.file)), resolve(registry.file))
  const source = /^\.\.?\//.test(path) ? path : `./${path}`
  return `# Where the servers of ${basename(registry.file)} live. More keys: docs/reference/configuration.md
registry: { source: ${JSON.stringify(`file://${source.split("/").map(encodeURIComponent).join("/")}`)} }
# Every decision, for postern audit usage and verify.
audit: { file: ./audit.jsonl }
`
}
