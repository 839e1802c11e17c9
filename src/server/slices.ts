/**
 * Runs a sliced computation to its end without holding up anyone else: after `sliceMs` milliseconds of work it lets the
 * calls that wait have their turn. Rejects with what the computation throws, or with the signal's reason when aborted.
 */
export async function inSlices<T>(
  slices: Generator<void, T, void>,
  { sliceMs, signal }: { readonly sliceMs: number; readonly signal?: AbortSignal },
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted()
    const until = performance.now() + sliceMs
    do {
      const step = slices.next()
      if (step.done) return step.value
    } while (performance.now() < until)
    await new Promise<void>((resume) => setImmediate(resume)) // after the sockets have been read
  }
}
