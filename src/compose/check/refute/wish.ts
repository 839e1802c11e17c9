import type { Json } from "../../../schema/json.ts"
import type { Key } from "../infer-query.ts"

/** What a part of a value is wanted to be; undefined: not there. */
export interface Wanted {
  readonly keys: readonly Key[]
  readonly value: Json | undefined
}

/** Something wanted of a source. */
export interface Wish extends Wanted {
  /** The path of the call whose answer it is about; empty for the arguments of the composition. */
  readonly source: string
}

/** What has to be wished for a part of a value to be what is wanted. */
export type Origin = (wanted: Wanted) => readonly Wish[]

/** Where what an expression sees comes from: what `Scope` is for values. */
export interface OriginScope {
  readonly frame: OriginFrame
  readonly self?: Origin
  readonly item?: Origin
}

export interface OriginFrame {
  readonly input: Origin
  readonly steps: ReadonlyMap<string, Origin>
  readonly outer?: OriginFrame
}

/** What can only be as it is. */
export const nowhere: Origin = () => []
