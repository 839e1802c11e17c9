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
  const own = numbering(taken, (name, count) => {
    const number = `_${count}`
    return name.slice(0, lengthMax - number.length) + number
  })
  for (const tool of wanted) {
    const plain = toolName(tool.on)
    const isAlone = counts.get(plain)?.length === 1 && !taken.has(plain)
    names.set(tool, own(isAlone ? plain : toolName(`${tool.server}_${tool.on}`)))
  }
  return names
}

/** Gives each name once; the second is `numbered` with 2. Goes on where it was: names that all collide are no work. */
function numbering(
  taken: Iterable<string>,
  numbered: (name: string, count: number) => string,
): (name: string) => string {
  const used = new Set(taken)
  const counts = new Map<string, number>()
  return (name) => {
    let own = name
    let count = counts.get(name) ?? 1
    while (used.has(own)) own = numbered(name, ++count)
    counts.set(name, count)
    used.add(own)
    return own
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
  const fixed = names.filter((_, index) => settled[index])
  const own = numbering(fixed, (name, count) => `${name.slice(0, lengthMax - 5)}-${count}`)
  return names.map((name, index) => (settled[index] ? name : own(name)))
}
