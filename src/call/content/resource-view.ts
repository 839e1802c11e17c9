import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { fits } from "../allowance.ts"
import { mayRead, type Reach } from "../permit.ts"
import { isOurs, ownUri, qualifiedUri } from "./qualified.ts"
import { type Found, holders, onlyOf, permitted, resources, shown, templates } from "./shelf.ts"
import { createStarts, type Starts } from "./starts.ts"

/** One server that a caller may read from, and what it lists. */
export interface ResourceShelf {
  readonly reach: Reach
  readonly resources: readonly JsonObject[]
  readonly templates: readonly JsonObject[]
}

/** What one caller sees of its servers' resources: every URI leads to one server, and back to the same name. */
export interface ResourceView {
  /** Entries of `resources/list` and `resources/templates/list`. */
  readonly resources: readonly JsonObject[]
  readonly templates: readonly JsonObject[]
  find(uri: string): Found
  /** The same for the reference of a completion, which may be a template. */
  findTemplate(uri: string): Found
  /** What this caller calls a URI of this server. */
  nameOf(server: CatalogServer, uri: string): string
}

/**
 * A URI is kept where it can mean one server only: the only one there is, the only one that lists it, or the only one
 * with a template that may have made it. Otherwise it is shown with the server in front (see `qualified.ts`), and that
 * form is understood always.
 */
export function resourceView(shelves: readonly ResourceShelf[]): ResourceView {
  const [sole] = shelves
  return sole !== undefined && shelves.length === 1 ? viewOfOne(sole) : viewOfMany(shelves)
}

/** With one server nothing can be mistaken: whether it has what it does not list, it knows best. */
function viewOfOne(shelf: ResourceShelf): ResourceView {
  const { reach } = shelf
  const find = (uri: string) => {
    const own = isOurs(uri) ? ownUri(reach.server, uri) : uri
    return own === undefined ? elsewhere : permitted(resources, reach, own)
  }
  const nameOf = (server: CatalogServer, uri: string) =>
    isOurs(uri) || server !== reach.server ? qualifiedUri(server, uri) : uri
  return {
    resources: shown([{ reach, entries: shelf.resources }], resources, nameOf),
    templates: shown([{ reach, entries: shelf.templates }], templates, nameOf),
    find,
    findTemplate: find,
    nameOf,
  }
}

function viewOfMany(shelves: readonly ResourceShelf[]): ResourceView {
  const listed = shelves.map((shelf) => ({ reach: shelf.reach, entries: shelf.resources }))
  const offered = shelves.map((shelf) => ({ reach: shelf.reach, entries: shelf.templates }))
  const held = holders(listed, resources)
  const heldTemplates = holders(offered, templates)
  const makers = shelves.map(makerOf)

  const inFront = (uri: string): Found | undefined => {
    if (!isOurs(uri)) return
    for (const { reach } of shelves) {
      const own = ownUri(reach.server, uri)
      if (own !== undefined) return permitted(resources, reach, own)
    }
    return elsewhere
  }
  const making = (uri: string): readonly Reach[] => {
    if (uri.length > madeMax) return []
    return makers.flatMap(({ reach, globs }) => {
      const isMade = globs.some((glob) => fits(glob, uri)) && mayRead(reach, uri)
      return isMade ? [reach] : []
    })
  }
  const find = (uri: string) => inFront(uri) ?? onlyOf(held.get(uri) ?? making(uri), uri)
  const nameOf = (server: CatalogServer, uri: string) => {
    const found = isOurs(uri) ? undefined : find(uri)
    return found?.ok && found.reach.server === server ? uri : qualifiedUri(server, uri)
  }
  /** Kept where no URI that it makes could mean another server. */
  const nameOfTemplate = (server: CatalogServer, template: string) => {
    const own = makers.find(({ reach }) => reach.server === server)
    const others = makers.filter((maker) => maker !== own)
    const start = startOf(template)
    const isAlone = own?.known.has(template) && !others.some((other) => mayShare(other, start))
    return isAlone && !isOurs(template) ? template : qualifiedUri(server, template)
  }
  return {
    resources: shown(listed, resources, nameOf),
    templates: shown(offered, templates, nameOfTemplate),
    find,
    findTemplate(uri) {
      const holding = isOurs(uri) ? undefined : heldTemplates.get(uri)
      return holding === undefined ? find(uri) : onlyOf(holding, uri)
    },
    nameOf,
  }
}

const elsewhere: Found = {
  ok: false,
  reason: "it names a server that this caller does not reach",
}

/** What a server may have made a URI from. */
interface Maker {
  readonly reach: Reach
  readonly known: ReadonlySet<string>
  /** What its templates make, seen generously: a URI too many costs a longer name, never a wrong server. */
  readonly globs: readonly string[]
  /** What its URIs, and those that its templates make, begin with. */
  readonly uris: Starts
  readonly made: Starts
}

/** Of the templates of one server; those beyond are known by their qualified form only. */
const templatesMax = 250

/** So far into a template it is looked at; any rest may follow. */
const lookedAtMax = 200

/**
 * A longer URI is known by its qualified form only, unless a server lists it. A result can name a thousand URIs, and
 * each is matched against every template of every server, so that text from outside must not make that slow.
 */
const madeMax = 2_000

function makerOf({ reach, resources: listed, templates: offered }: ResourceShelf): Maker {
  const texts = offered.flatMap(({ uriTemplate: text }) => (typeof text === "string" ? [text] : []))
  const known = new Set(texts.slice(0, templatesMax))
  return {
    reach,
    known,
    globs: [...new Set([...known].map(globOf))],
    uris: createStarts(listed.flatMap(({ uri }) => (typeof uri === "string" ? [uri] : []))),
    made: createStarts([...known].map(startOf)),
  }
}

const startOf = (template: string): string => template.slice(0, lookedAtMax).split("{", 1)[0] ?? ""

function globOf(template: string): string {
  const glob = (text: string) => text.replaceAll(/\{[^{}]*\}/g, "*")
  if (template.length <= lookedAtMax) return glob(template)
  return `${glob(template.slice(0, lookedAtMax)).split("{", 1)[0]}*`
}

/** Whether a server may have URIs that begin like this. */
const mayShare = ({ uris, made }: Maker, start: string): boolean =>
  uris.some(start) || made.share(start)
