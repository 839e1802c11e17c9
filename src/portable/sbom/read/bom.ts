import { unversioned } from "../../graph/graph.ts"
import type { Spec } from "../print/print.ts"

/** What an SBOM says, whatever its format, as it stands there: nothing is believed of it yet. */
export interface Bom {
  readonly spec: Spec
  readonly timestamp: string | undefined
  /** Of the Postern that wrote it. */
  readonly toolVersion: string | undefined
  /** The id of what the document is about. */
  readonly root: string
  /** In the order of the document; ids may stand there twice. */
  readonly entries: readonly Entry[]
  /** What needs what, by id. */
  readonly links: readonly Link[]
  /** Ids that are spoken of elsewhere. */
  readonly mentions: readonly Mention[]
  /** Ids of elements that are no entries, such as licences. */
  readonly others: readonly string[]
  /** CycloneDX: the ids that `dependencies` has an entry for. */
  readonly listed: readonly string[] | undefined
  /** Members of the document that its format does not know. */
  readonly unknown: readonly string[]
}

export interface Entry {
  readonly id: string
  /** `postern:kind`; "" where there is none. */
  readonly kind: string
  readonly name: string
  readonly version: string | undefined
  /** `postern:digest` */
  readonly digest: string | undefined
  /** SHA-256, in hex, as the format itself has it. */
  readonly hashes: readonly string[]
  readonly purl: string | undefined
}

export interface Link {
  readonly from: string
  readonly to: string
}

export interface Mention {
  readonly where: string
  readonly id: string
}

/** What an entry is, the same in every format. A registry is known by being one: its version is its digest. */
export function keyOf({ kind, name, version, purl }: Entry): string {
  if (kind === "registry") return kind
  if ((kind === "package" || kind === "model") && purl !== undefined) return `${kind} ${purl}`
  return `${kind} ${name}${version === undefined || version === unversioned ? "" : `@${version}`}`
}
