import type { CatalogServer } from "../../registry/catalog.ts"
import { refKey } from "../../registry/model.ts"

/*
 * Two servers may use one URI, or one name of a prompt. Then callers see both with the server in front, and nothing of
 * what the server wrote is changed: the template of a qualified URI expands as it did before.
 *
 *     postern:files@1.2.0/file:///a.txt        files@1.2.0/summarise
 *
 * The `@` is always there and in no name, so no server's prefix begins another's.
 */

const scheme = "postern:"

const prefixOf = ({ name, version }: CatalogServer): string => `${refKey(name, version)}/`

export const qualifiedUri = (server: CatalogServer, uri: string): string =>
  `${scheme}${prefixOf(server)}${uri}`

export const qualifiedPrompt = (server: CatalogServer, prompt: string): string =>
  `${prefixOf(server)}${prompt}`

/** Whether a server's own URI could be taken for a qualified one: it is always shown qualified. */
export const isOurs = (uri: string): boolean => uri.slice(0, scheme.length).toLowerCase() === scheme

/** The server's own URI in a qualified one; undefined when it is not this server's. */
export function ownUri(server: CatalogServer, uri: string): string | undefined {
  const prefix = scheme + prefixOf(server)
  return uri.startsWith(prefix) ? uri.slice(prefix.length) : undefined
}

/** The server's own name of a prompt in a qualified one; undefined when it is not this server's. */
export function ownPrompt(server: CatalogServer, prompt: string): string | undefined {
  const prefix = prefixOf(server)
  return prompt.startsWith(prefix) ? prompt.slice(prefix.length) : undefined
}
