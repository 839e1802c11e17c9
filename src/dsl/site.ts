import type { Place } from "../registry/read/places.ts"
import { placesInStack } from "../registry/read/stack.ts"

/** Where each part of a document was made, by the object that stands for it in the document. */
const sites = new WeakMap<object, { readonly stack?: string }>()

type Builder = (...given: never[]) => unknown

/**
 * Notes the line of the program that called `builder` as the place where `made` was written; returns `made`. Cheap: the
 * engine keeps one frame, and its words are made when somebody asks.
 */
export function madeBy<T extends object>(builder: Builder, made: T): T {
  const site = {}
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 1
  Error.captureStackTrace(site, builder)
  Error.stackTraceLimit = stackTraceLimit
  sites.set(made, site)
  return made
}

/** Notes that `made` was written where `part` was. */
export function madeWith<T extends object>(part: object, made: T): T {
  const site = sites.get(part)
  if (site !== undefined) sites.set(made, site)
  return made
}

/** Whether it is known where `made` was written. */
export const hasSite = (made: object): boolean => sites.has(made)

/** Where `made` was written; undefined for what no builder made. */
export function siteOf(made: object): Place | undefined {
  const [place] = placesInStack(sites.get(made)?.stack ?? "")
  return place
}
