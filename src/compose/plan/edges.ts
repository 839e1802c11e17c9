/** A step, as far as its edges are concerned. */
export interface Waiting {
  readonly id: string
  /** Steps whose values it reads. */
  readonly reads: ReadonlySet<string>
  /** As written; undefined where it is not. */
  readonly after: readonly string[] | undefined
  readonly isEffectful: boolean
  readonly isDetached: boolean
}

/**
 * What each step of a pipeline waits for. The order of side effects is the document's: a step with an effect waits for
 * every earlier step, and later steps wait for it; steps that only read wait for no more than they read. `after` says
 * instead what a step waits for besides what it reads. Nobody waits for a detached step.
 */
export const pipelineEdges = (steps: readonly Waiting[]): readonly (readonly string[])[] =>
  reduced(
    steps.map((step, index) => {
      const earlier = steps.slice(0, index)
      const barrier = earlier.filter(
        (other) => !other.isDetached && (step.isEffectful || other.isEffectful),
      )
      return named(step, earlier, step.after === undefined ? barrier : [])
    }),
    steps,
  )

/** What each step of a saga waits for: the step before it, unless some step has `after`; then edges alone decide. */
export function sagaEdges(steps: readonly Waiting[]): readonly (readonly string[])[] {
  const isGraph = steps.some(({ after }) => after !== undefined)
  return reduced(
    steps.map((step, index) => {
      const earlier = steps.slice(0, index)
      return named(step, earlier, isGraph ? [] : earlier)
    }),
    steps,
  )
}

/** The indexes of the steps that it reads, names or is made to wait for. */
function named(
  { reads, after = [] }: Waiting,
  earlier: readonly Waiting[],
  others: readonly Waiting[],
): ReadonlySet<number> {
  const ids = new Set([...reads, ...after, ...others.map(({ id }) => id)])
  return new Set(earlier.flatMap(({ id }, index) => (ids.has(id) ? [index] : [])))
}

/** Without the edges that follow from others, so that a reader sees what matters. */
function reduced(
  edges: readonly ReadonlySet<number>[],
  steps: readonly Waiting[],
): readonly (readonly string[])[] {
  const before: Set<number>[] = []
  return edges.map((wanted) => {
    const reached = new Set<number>()
    const kept: number[] = []
    for (const index of [...wanted].sort((a, b) => b - a)) {
      if (reached.has(index)) continue
      kept.push(index)
      reached.add(index)
      // A detached step is passed by, so nothing follows from waiting for it.
      if (!steps[index]?.isDetached) for (const further of before[index] ?? []) reached.add(further)
    }
    before.push(reached)
    return kept.reverse().flatMap((index) => steps[index]?.id ?? [])
  })
}
