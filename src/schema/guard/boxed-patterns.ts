import { isObject, type Json } from "../json.ts"
import { isPattern } from "../pattern/native.ts"
import { safePattern } from "../safe-pattern.ts"
import { findingsMax, type Place, pointerTo, type SchemaFinding } from "./finding.ts"

/**
 * The patterns that have no linear-time form, and so would need a time box: lookaround and back-references around
 * quantifiers. Looks wherever a schema could be, unknown keywords included.
 */
export function findBoxedPatterns(schema: Json): readonly SchemaFinding[] {
  const findings: SchemaFinding[] = []
  visit(schema, undefined, findings)
  return findings.slice(0, findingsMax)
}

function visit(value: Json, place: Place | undefined, findings: SchemaFinding[]): void {
  if (Array.isArray(value))
    for (const [key, item] of value.entries()) visit(item, { up: place, key }, findings)
  if (!isObject(value)) return
  for (const [key, item] of Object.entries(value)) {
    const at = { up: place, key }
    if (key === "pattern" && typeof item === "string") check(item, at, findings)
    if (key === "patternProperties" && isObject(item))
      for (const source of Object.keys(item)) check(source, { up: at, key: source }, findings)
    visit(item, at, findings)
  }
}

function check(source: string, place: Place, findings: SchemaFinding[]): void {
  if (!isPattern(source) || !safePattern(source).isBoxed) return
  findings.push({
    code: "schema_too_complex",
    at: pointerTo(place),
    message: "the pattern cannot be matched in linear time",
    hint: "write it without lookaround and back-references",
  })
}
