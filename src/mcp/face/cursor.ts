import type { Seal } from "./seal.ts"

/** Where the next page of one caller's list begins. */
export interface Place {
  readonly principal: string
  /** Of the list: a cursor into a list that has changed since means nothing. */
  readonly digest: string
  readonly page: number
}

export const sealCursor = (seal: Seal, { principal, digest, page }: Place): string =>
  seal.seal(JSON.stringify([principal, digest, page]))

/** The page a cursor asks for; undefined when it is forged, stale or somebody else's, which all sound the same. */
export function openCursor(
  seal: Seal,
  cursor: string,
  mine: Omit<Place, "page">,
): number | undefined {
  const text = seal.open(cursor)
  if (text === undefined) return undefined
  const [principal, digest, page] = JSON.parse(text) as [string, string, number] // authenticated: our own shape
  return principal === mine.principal && digest === mine.digest ? page : undefined
}
