import type { Json } from "../../../schema/json.ts"
import type { Undo } from "../../plan/plan.ts"
import { effectOf, type Result } from "../outcome.ts"
import { isInsideOf } from "../paths.ts"
import type { Inner, Work } from "../work.ts"

/** A step, or an item of one, that has to be undone should its saga go back. */
export interface Undoable {
  readonly path: string
  readonly undo: Undo
  /** The step as it ran, with its input as `self`. */
  readonly work: Work
  /** Of the step: absent where nobody knows it. */
  readonly value: Json | undefined
}

/** What one saga has done so far that may have to be undone. */
export class SagaScope {
  readonly #undoables: Undoable[] = []
  #isPastPivot = false

  /** What undoes a step undoes all that was done inside it. */
  get undoables(): readonly Undoable[] {
    const paths = new Set(this.#undoables.map(({ path }) => path))
    return this.#undoables.filter(({ path }) => !isInsideOf(paths, path))
  }

  /** From here on the saga only goes forward. */
  get isPastPivot(): boolean {
    return this.#isPastPivot
  }

  passPivot(): void {
    this.#isPastPivot = true
  }

  add(undoable: Undoable): void {
    this.#undoables.push(undoable)
  }

  /** Takes over what a saga inside has done, step by step; one past its pivot stays done. */
  adopt(inner: SagaScope): void {
    if (!inner.#isPastPivot) this.#undoables.push(...inner.#undoables)
  }
}

/** Remembers a step of a saga that did something, or may have; the result is handed on. */
export async function undoable(undo: Undo, work: Work, inner: Inner): Promise<Result> {
  const result = await inner(work)
  if (work.saga === undefined || !isDone(result, undo)) return result
  const value = result.ok ? result.value : undefined
  const { log } = work.run.parts
  // What makes no call has no event yet, and compensations go by events.
  if (log !== undefined && log.state.endSeq(work.path) === undefined && result.ok)
    log.end(work.path, { ok: true, value: undefined, effect: result.effect })
  work.saga.add({ path: work.path, undo, work, value })
  return result
}

function isDone(result: Result, undo: Undo): boolean {
  if (effectOf(result) === "done") return true
  if (result.ok) return false
  return undo.onFailure === true && result.error.class === "tool"
}
