import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Composition } from "../model.ts"
import type { NormaliseContext } from "../normalise/context.ts"

/** A composition as it is written, read: the spec in canonical spelling, and what it calls. */
export interface SpecRead {
  readonly spec: JsonObject
  readonly composition: Composition
}

/** Reads the `spec` of a tool that stands at `pointer`. Undefined when it names no pattern, which is reported. */
export function readSpec(
  raw: Json,
  pointer: string,
  context: NormaliseContext,
): SpecRead | undefined {
  const pattern = isObject(raw) ? Object.keys(raw).find((key) => !key.startsWith("$")) : undefined
  if (!isObject(raw) || pattern === undefined) return
  return {
    spec: context.origins.set(raw, pointer),
    composition: { pattern, calls: [], isDynamic: false },
  }
}

/** Reads an `outputTransform` that stands at `pointer` into canonical spelling. Undefined when it is no object. */
export function readTransform(
  raw: Json,
  pointer: string,
  context: NormaliseContext,
): JsonObject | undefined {
  return isObject(raw) ? context.origins.set(raw, pointer) : undefined
}
