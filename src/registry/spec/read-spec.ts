import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Composition } from "../model.ts"
import { transform } from "./mapping.ts"
import { patternOf, spec } from "./patterns.ts"
import { onInput } from "./predicate.ts"
import { type At, beginReading, type SpecContext } from "./reading.ts"

/** A composition as it is written, read: the spec in canonical spelling, and what it calls. */
export interface SpecRead {
  readonly spec: JsonObject
  readonly composition: Composition
}

/**
 * Reads the `spec` of a tool that stands at `pointer`. What is wrong in it is reported and left out of the canonical
 * form. Undefined when it is not one pattern with an object, which is reported, too.
 */
export function readSpec(raw: Json, pointer: string, context: SpecContext): SpecRead | undefined {
  const at = beginAt(pointer, context)
  const read = spec(raw, at)
  const pattern = isObject(read) ? patternOf(read) : undefined
  if (!isObject(read) || pattern === undefined) return
  const { calls, dynamicPointer } = at.reading
  const composition = {
    pattern,
    calls,
    isDynamic: dynamicPointer !== undefined,
    ...(dynamicPointer === undefined ? {} : { dynamicPointer }),
  }
  return { spec: read, composition }
}

/** Reads an `outputTransform` that stands at `pointer` into canonical spelling. Undefined when it is no object. */
export function readTransform(
  raw: Json,
  pointer: string,
  context: SpecContext,
): JsonObject | undefined {
  return transform(raw, beginAt(pointer, context))
}

/** Reads a condition on a tool's arguments that stands at `pointer`: CEL, or a predicate. */
export const readInputCondition = (
  raw: Json,
  pointer: string,
  context: SpecContext,
): Json | undefined => onInput(raw, beginAt(pointer, context))

function beginAt(pointer: string, context: SpecContext): At {
  const reading = beginReading(context, spec)
  return { reading, pointer, steps: undefined, holder: {}, key: "" }
}
