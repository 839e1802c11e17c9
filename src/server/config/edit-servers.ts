import { isDeepStrictEqual } from "node:util"
import {
  Document,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml"
import { serverKey } from "./servers-schema.ts"

/** What a configuration file says of its servers, before anything in it is filled in. */
export interface WrittenServers {
  readonly servers: readonly {
    readonly key: string
    readonly name: string
    readonly version: string | undefined
    /** As it is written. */
    readonly entry: unknown
  }[]
  /** What `registry` says, as it is written. */
  readonly source: string | undefined
  readonly lock: string | undefined
  readonly volatileMeta: readonly string[]
}

/** Undefined where the text is no mapping in YAML: loading it says why. */
export function writtenServers(text: string): WrittenServers | undefined {
  const document = parseDocument(text, { uniqueKeys: false })
  if (!isReadable(document) || !isMap(document.contents)) return
  const servers = document.get("servers")
  const pairs = isMap(servers) ? servers.items : []
  const { lock, source, volatileMeta } = registryIn(document.toJS())
  return {
    servers: pairs.map(({ key, value }) => {
      const text = String(isScalar(key) ? key.value : key)
      const { name = text, version } = serverKey.exec(text)?.groups ?? {}
      const entry = isMap(value) || isSeq(value) ? value.toJS(document) : undefined
      return { key: text, name, version, entry }
    }),
    source: textOr(source),
    lock: textOr(lock),
    volatileMeta: [volatileMeta ?? []].flat().flatMap((key) => textOr(key) ?? []),
  }
}

const textOr = (value: unknown) => (typeof value === "string" ? value : undefined)

function registryIn(config: { readonly registry?: unknown }): Readonly<Record<string, unknown>> {
  const { registry } = config
  return typeof registry === "object" && registry !== null ? { ...registry } : {}
}

/** An alias may lead nowhere, or expand to more than anybody wrote. */
function isReadable(document: Document.Parsed): boolean {
  try {
    document.toJS()
    return document.errors.length === 0
  } catch {
    return false
  }
}

export interface ServersEdit {
  readonly add: readonly { readonly key: string; readonly entry: object }[]
  readonly rename: readonly { readonly from: string; readonly to: string }[]
}

/**
 * The text of a configuration with servers added, and others moved to another key. All else stays as it is written,
 * comments and whitespace included; only where `servers` is written in one line (`{ … }`) is the file printed again.
 */
export function editServers(text: string, edit: ServersEdit): string {
  if (edit.add.length === 0 && edit.rename.length === 0) return text
  const printed = edited(parseDocument(text), edit)
  const spliced = splice(text, edit)
  const isSame = spliced && isDeepStrictEqual(parseDocument(spliced).toJS(), printed.toJS())
  return isSame ? spliced : printed.toString(printing)
}

const printing = { lineWidth: 0 } as const

function edited(document: Document.Parsed, { add, rename }: ServersEdit): Document {
  const servers = document.get("servers")
  for (const { from, to } of rename) {
    const pair = isMap(servers) ? pairOf(servers, from) : undefined
    if (isScalar(pair?.key)) pair.key.value = to
  }
  if (!isMap(document.get("servers"))) document.set("servers", document.createNode({}))
  for (const { key, entry } of add) document.setIn(["servers", key], entryNode(document, entry))
  return document
}

/** Lists in one line, mappings in several: as people write servers. */
function entryNode(document: Document, entry: object) {
  const node = document.createNode(entry)
  visit(node, {
    Seq: (_, list) => {
      list.flow = true
    },
  })
  return node
}

const pairOf = (map: YAMLMap, name: string): Pair | undefined =>
  map.items.find(({ key }) => isScalar(key) && String(key.value) === name)

/** Undefined where `servers` does not stand in lines of its own. */
function splice(text: string, { add, rename }: ServersEdit): string | undefined {
  const document = parseDocument(text)
  const servers = document.get("servers")
  if (servers === undefined && isMap(document.contents) && document.contents.flow !== true)
    return `${text.replace(/\s*$/, "\n")}\nservers:\n${add.map((one) => printed(one, "  ")).join("")}`
  if (!isMap(servers) || servers.flow === true) return
  const keys = rename.flatMap(({ from, to }) => {
    const key = pairOf(servers, from)?.key
    const range = isScalar(key) ? key.range : undefined
    return range ? [{ from: range[0], to: range[1], text: scalar(to) }] : []
  })
  const [first] = servers.items
  const start = isScalar(first?.key) ? first.key.range?.[0] : undefined
  const end = servers.range?.[1]
  if (start === undefined || end === undefined) return
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start)
  const at = lineEnd(text, end)
  const gap = at > 0 && text[at - 1] !== "\n" ? "\n" : ""
  const added = { from: at, to: at, text: gap + add.map((one) => printed(one, indent)).join("") }
  return [...keys, added]
    .toSorted((one, other) => other.from - one.from)
    .reduce((made, { from, to, text: by }) => made.slice(0, from) + by + made.slice(to), text)
}

/** Behind the line in which the last server ends; comments and blank lines below it belong to what follows. */
function lineEnd(text: string, end: number): number {
  const before = text.slice(0, end).trimEnd().length
  const line = text.indexOf("\n", before)
  return line < 0 ? text.length : line + 1
}

function printed({ key, entry }: ServersEdit["add"][number], indent: string): string {
  const document = new Document({})
  document.set(key, entryNode(document, entry))
  return document.toString(printing).replace(/^(?=.)/gm, indent)
}

const scalar = (text: string): string => new Document(text).toString(printing).trimEnd()
