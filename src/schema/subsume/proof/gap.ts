/** What could not be proved: the keyword of the right schema, and why. */
export interface Gap {
  readonly at: string
  readonly why: string
}

/** A proof is the absence of a gap. */
export type Proof = Gap | undefined

/** The first gap among what all has to be proved. */
export function firstGap<Part>(parts: Iterable<Part>, prove: (part: Part) => Proof): Proof {
  for (const part of parts) {
    const gap = prove(part)
    if (gap !== undefined) return gap
  }
  return
}
