import type { Problem } from "./problem.ts"

/**
 * What a written version is. `semver` and `opaque` are exact and compared byte for byte: `1.0.0`, `v1.0.0` and `1.0`
 * are three versions. A `range` (also an alias such as `latest`) and `invalid` text are never resolved.
 */
export type VersionClass = "range" | "invalid" | "semver" | "opaque"

const rangeCharacter = /[\^~<>=*|\s]/
const alias = /^(?:latest|stable|current|newest|next|any)$/i
const xPart = /(?:^|\.)[xX](?:\.|$)/
const wellFormed = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}$/
/** https://semver.org/spec/v2.0.0.html */
const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

export function classifyVersion(version: string): VersionClass {
  if (semver.test(version) && version.length <= 128) return "semver"
  if (rangeCharacter.test(version) || alias.test(version) || xPart.test(version)) return "range"
  return wellFormed.test(version) ? "opaque" : "invalid"
}

/** Whether a reference with this version can be looked up at all; if not, its problem is already reported. */
export function isExact(version: string): boolean {
  const kind = classifyVersion(version)
  return kind === "semver" || kind === "opaque"
}

/**
 * The problem with a version written at `pointer`, if any. `registered` gives the versions there are of that name; it
 * is asked only for ranges, whose authors need to know what to write instead.
 */
export function versionProblem(
  version: string,
  pointer: string,
  registered: () => readonly string[] = () => [],
): Problem | undefined {
  switch (classifyVersion(version)) {
    case "semver":
      return
    case "range":
      return {
        code: "version_range",
        severity: "error",
        pointer,
        message: `${JSON.stringify(version)} is a range or an alias; versions are exact`,
        hint: rangeHint(registered()),
      }
    case "invalid":
      return {
        code: "version_invalid",
        severity: "error",
        pointer,
        message: `${JSON.stringify(version.slice(0, 64))} is not a version`,
        hint: "write up to 128 letters, digits and . + _ - beginning with a letter or digit, such as 1.0.0",
      }
    case "opaque":
      return {
        code: "version_not_semver",
        severity: "warn",
        pointer,
        message: `${JSON.stringify(version)} is not a SemVer 2.0.0 version and is compared byte for byte`,
        hint: "write three numbers, such as 1.0.0",
      }
  }
}

function rangeHint(registered: readonly string[]): string {
  const exact = registered.filter(isExact)
  if (exact.length === 0) return "write the exact version, such as 1.0.0"
  return `registered versions: ${exact.slice(0, 10).join(", ")}${exact.length > 10 ? ", …" : ""}`
}
