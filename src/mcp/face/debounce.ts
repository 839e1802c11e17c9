import type { FaceContext } from "./context.ts"

/** Lets knocks that come close together count as one, and one opening finish before the next begins. */
export function createDebounce(
  waitMs: number,
  open: () => Promise<void>,
  log: FaceContext["log"],
): { knock(): void; close(): void } {
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()
  function opened(): void {
    timer = undefined
    last = last.then(open).catch((error: unknown) => {
      log({ event: "bug", where: "list_changed", words: String(error) })
    })
  }
  return {
    knock() {
      timer ??= setTimeout(opened, waitMs)
      timer.unref()
    },
    close: () => clearTimeout(timer),
  }
}
