import { isList, type JsonObject } from "../../schema/json.ts"
import type { Draft } from "../draft.ts"
import type { UnknownCallerPolicy } from "../model.ts"
import type { Problem, Report } from "../problem.ts"
import { readText, type Written } from "./fields.ts"

type Profile = Draft["profile"]

const problem = (
  severity: Problem["severity"],
  code: string,
  pointer: string,
  message: string,
  hint: string,
): Problem => ({ code, severity, pointer, message, hint })

const at = "/schemaVersion"

/** What the document's `schemaVersion` makes of it; undefined when nothing else can be read. */
export function readProfile(tree: JsonObject, report: Report): Profile | undefined {
  if (!Object.hasOwn(tree, "schemaVersion")) return profileWithoutVersion(tree, report)
  const written = tree["schemaVersion"]
  if (typeof written !== "string") {
    report(problem("error", "invalid_type", at, "schemaVersion must be a string", 'write "2.0"'))
    return "2"
  }
  const [, major, minor = "0"] = /^(\d{1,9})(?:\.(\d{1,9}))?(?:\.\d{1,9})?$/.exec(written) ?? []
  if (major === undefined) {
    const message = `${JSON.stringify(written.slice(0, 64))} is no version of the format`
    report(problem("error", "invalid_value", at, message, 'write "2.0"'))
    return "2"
  }
  switch (Number(major)) {
    case 1:
      report(olderDocument(at))
      return "1"
    case 2:
      if (Number(minor) === 0) return "2"
      report(newerDocument(written))
      return "newer"
    default:
      report(
        problem(
          "error",
          "schema_version_unsupported",
          at,
          `schemaVersion ${written} cannot be read`,
          "this version reads 1.x and 2.x",
        ),
      )
      return
  }
}

const sections = ["schemas", "servers", "tools", "agents"]

/** Undefined for an object that has nothing of a registry, such as `{"error": …}` of a source in trouble. */
function profileWithoutVersion(tree: JsonObject, report: Report): Profile | undefined {
  const isFilled = (key: string) => isList(tree[key]) && tree[key].length > 0
  if (!sections.some((key) => Object.hasOwn(tree, key))) {
    report(
      problem(
        "error",
        "document_not_registry",
        "",
        `this is no registry document: it has neither schemaVersion nor any of ${sections.join(", ")}`,
        'an empty one reads {"schemaVersion": "2.0"}',
      ),
    )
    return
  }
  if (!["schemas", "servers", "agents"].some(isFilled)) {
    report(olderDocument(""))
    return "1"
  }
  report(
    problem(
      "warn",
      "schema_version_missing",
      "",
      "schemaVersion is missing; the document is read as 2.0",
      'add "schemaVersion": "2.0"',
    ),
  )
  return "2"
}

const olderDocument = (pointer: string) =>
  problem(
    "warn",
    "v1_document",
    pointer,
    "a document of version 1 has no versions to enforce",
    "postern migrate rewrites it as 2.0",
  )

const newerDocument = (written: string) =>
  problem(
    "warn",
    "schema_version_newer",
    at,
    `schemaVersion ${written} is newer than 2.0; fields that are not known are ignored`,
    "update, or write 2.0",
  )

const policies: readonly UnknownCallerPolicy[] = ["allowAll", "denyAll", "allowUnregistered"]

export function readUnknownCallerPolicy(from: Written): UnknownCallerPolicy | undefined {
  const written = readText(from, "unknownCallerPolicy")
  const policy = policies.find((known) => known === written)
  if (written !== undefined && policy === undefined)
    from.context.report(
      problem(
        "error",
        "invalid_value",
        `${from.pointer}/unknownCallerPolicy`,
        `${JSON.stringify(written.slice(0, 64))} is no policy`,
        `write ${policies.join(", ")}`,
      ),
    )
  return policy
}
