/** A tool that is to be registered. */
export interface Wanted {
  readonly server: string
  /** Its name on the server. */
  readonly on: string
}

/**
 * The names under which tools are registered: their own, in the alphabet of the registry. Where several servers offer
 * one name, or it is taken already, each of the new ones is `SERVER_NAME`: no order of servers decides which is meant,
 * and what is registered is never renamed.
 */
export function registryNames(
  wanted: readonly Wanted[],
  taken: ReadonlySet<string>,
): ReadonlyMap<Wanted, string> {
  const counts = Map.groupBy(wanted, ({ on }) => toolName(on))
  const names = new Map<Wanted, string>()
  const used = new Set(taken)
  for (const tool of wanted) {
    const plain = toolName(tool.on)
    const isAlone = counts.get(plain)?.length === 1 && !taken.has(plain)
    const name = free(isAlone ? plain : toolName(`${tool.server}_${tool.on}`), used)
    names.set(tool, name)
    used.add(name)
  }
  return names
}

function free(name: string, used: ReadonlySet<string>): string {
  if (!used.has(name)) return name
  for (let count = 2; ; count++) {
    const numbered = `${name.slice(0, lengthMax - 1 - String(count).length)}_${count}`
    if (!used.has(numbered)) return numbered
  }
}

const lengthMax = 128

/** Letters, digits and `_ . -` only: what else there is becomes `_`. */
const toolName = (text: string): string => text.replace(/[^\w.-]+/g, "_").slice(0, lengthMax) || "_"

/** The same for a server, whose name may have one `prefix/`; also what YAML and JavaScript take for something else. */
export function serverName(text: string): string {
  if (/^(?:[\w.-]{1,128}\/)?[\w.-]{1,128}$/.test(text) && text !== "__proto__") return text
  const name = text
    .replace(/[^\w.-]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "")
    .slice(0, lengthMax)
  return name === "" ? "server" : name
}

/** Each with a name of its own, the second `docs` is `docs-2`; but for those that are `settled`, whatever they are called. */
export function distinct(names: readonly string[], settled: readonly boolean[]): readonly string[] {
  const used = new Set(names.filter((_, index) => settled[index]))
  return names.map((name, index) => {
    if (settled[index]) return name
    let own = name
    for (let count = 2; used.has(own); count++) own = `${name.slice(0, lengthMax - 5)}-${count}`
    used.add(own)
    return own
  })
}
