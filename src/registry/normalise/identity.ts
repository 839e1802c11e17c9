import type { Json } from "../../schema/json.ts"
import { versionProblem } from "../version.ts"
import type { Kind, NormaliseContext } from "./context.ts"
import { has, read, readText, type Written, wrongType } from "./fields.ts"

/** Name and version of an entity as it is written. */
export interface Identity {
  readonly name: string
  readonly version: string | undefined
}

const plainName = /^[A-Za-z0-9_.-]{1,128}$/
const prefixedName = /^(?:[A-Za-z0-9_.-]{1,128}\/)?[A-Za-z0-9_.-]{1,128}$/

/**
 * Undefined when there is no name to know the entity by, which is reported. A name or version that is not allowed is
 * reported and kept, so that those who refer to the entity are not told that it does not exist.
 */
export function readIdentity(from: Written, kind: Kind): Identity | undefined {
  const name = readName(from, kind)
  if (name === undefined) return
  if (!has(from, "version")) {
    if (from.context.versionIsExpected) reportVersionMissing(from, kind, name)
    return { name, version: undefined }
  }
  return { name, version: readVersion(from, "version", { kind, name }) }
}

function readName(from: Written, kind: Kind): string | undefined {
  if (!has(from, "name")) {
    from.context.report({
      code: "name_missing",
      severity: "error",
      pointer: from.pointer,
      message: `this ${kind} has no name`,
      hint: "add name; an element with $… members only would be a comment",
    })
    return
  }
  const name = readText(from, "name")
  if (name === undefined) return
  if (!(kind === "tool" ? plainName : prefixedName).test(name)) {
    from.context.report({
      code: "name_invalid",
      severity: "error",
      pointer: `${from.pointer}/name`,
      message: `${JSON.stringify(name.slice(0, 64))} is not a name of a ${kind}`,
      hint:
        kind === "tool"
          ? "write 1 to 128 letters, digits and _ . -"
          : "write 1 to 128 letters, digits and _ . -, with one prefix/ if you like",
    })
  }
  return name
}

function reportVersionMissing({ pointer, context }: Written, kind: Kind, name: string): void {
  context.report({
    code: "version_missing",
    severity: "warn",
    pointer,
    message: `${kind} ${name} has no version`,
    hint: 'add version, such as "1.0.0"',
  })
}

/** The version in member `key`, of the entity it names; its problems are reported, the text is kept as written. */
export function readVersion(
  from: Written,
  key: string,
  of: { readonly kind: Kind; readonly name: string },
): string | undefined {
  return checkVersion(read(from, key), `${from.pointer}/${key}`, of, from.context)
}

export function checkVersion(
  raw: Json | undefined,
  pointer: string,
  of: { readonly kind: Kind; readonly name: string },
  context: NormaliseContext,
): string | undefined {
  if (raw === undefined) return
  if (typeof raw !== "string") {
    wrongType(context, pointer, raw, "a string", 'versions are strings, such as "1.0.0"')
    return
  }
  const problem = versionProblem(raw, pointer, () => context.versionsOf(of.kind, of.name))
  if (problem !== undefined) context.report(problem)
  return raw
}
