/** What a version may not hold, because it would be a range. */
type Ranging = "^" | "~" | "<" | ">" | "=" | "*" | "|" | " "
type Alias = "latest" | "stable" | "current" | "newest" | "next" | "any"
type Wild = "x" | `${string}.x` | `${string}.x.${string}`

/**
 * A version that is exact, such as `"1.0.0"`: ranges and aliases are type errors where the version is written out, and
 * problems (`version_range`) where it is computed.
 */
export type Exact<V extends string> = V extends `${string}${Ranging}${string}`
  ? `not an exact version: ${V}`
  : Lowercase<V> extends Alias | Wild
    ? `not an exact version: ${V}`
    : V

/** In the place of a version, for what has none: documents of version 1 know no versions. */
export const unversioned = undefined
