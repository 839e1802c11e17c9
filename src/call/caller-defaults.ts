import { type CallerValue, callerWords } from "../registry/caller-value.ts"
import type { SourceImplementation } from "../registry/catalog.ts"
import type { Template } from "../registry/compile/defaults.ts"
import { type Json, type JsonObject, member } from "../schema/json.ts"
import type { Caller } from "./caller.ts"

/**
 * What a tool needs of this caller that its evidence does not give, in words; undefined where nothing is missing. Nothing
 * is made up in its place: such a tool is not permitted.
 */
export function missingFor(
  { perCaller }: SourceImplementation,
  caller: Caller,
): string | undefined {
  if (perCaller.size === 0) return
  const filling: Filling = { caller, missing: undefined }
  for (const template of perCaller.values()) fill(template, filling)
  return filling.missing && `caller.${callerWords(filling.missing)}`
}

/** All that a tool adds to the arguments of a caller that may use it. */
export function defaultsFor(
  { defaults, perCaller }: SourceImplementation,
  caller: Caller,
): JsonObject {
  if (perCaller.size === 0) return defaults
  const filling: Filling = { caller, missing: undefined }
  const made = [...perCaller].map(([name, template]) => [name, fill(template, filling)] as const)
  return Object.fromEntries([...Object.entries(defaults), ...made])
}

interface Filling {
  readonly caller: Caller
  /** The first value that there is none of. */
  missing: CallerValue | undefined
}

function fill(template: Template, filling: Filling): Json {
  switch (template.kind) {
    case "fixed":
      return template.value
    case "caller":
      return filled(givenBy(template.value, filling.caller), template, filling)
    case "text":
      return template.parts.map((part) => fillText(part, filling)).join("")
    case "list":
      return template.items.map((item) => fill(item, filling))
    case "object":
      return Object.fromEntries(
        template.members.map(([name, value]) => [name, fill(value, filling)] as const),
      )
  }
}

type Awaiting = Extract<Template, { kind: "caller" }>

/** As in a shell: with `:-` an empty value counts as none. */
function filled(found: Json | undefined, { value, otherwise }: Awaiting, filling: Filling): Json {
  if (otherwise !== undefined) return found === undefined || found === "" ? otherwise : found
  if (found === undefined) filling.missing ??= value
  return found ?? null
}

/** A list or an object cannot be written within a text: there it counts as missing. */
function fillText(part: Template, filling: Filling): string {
  if (part.kind !== "caller") return String(fill(part, filling))
  const found = givenBy(part.value, filling.caller)
  return String(filled(typeof found === "object" ? undefined : found, part, filling))
}

/**
 * What the caller's evidence gives: a name and version of a registered agent alone, because anybody may call himself
 * anything else; subject and claims of a token that was verified.
 */
function givenBy(value: CallerValue, caller: Caller): Json | undefined {
  switch (value.kind) {
    case "name":
      return caller.agent?.name
    case "version":
      return caller.agent && caller.version
    case "trust":
      return caller.trust
    case "subject":
      return caller.subject ?? caller.onBehalfOf
    case "claim":
      return member(caller.claims, value.claim) ?? undefined // null is no value
  }
}
