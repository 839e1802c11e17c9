/** The legacy era has a handshake and sessions; the modern one has neither. */
export type Era = "legacy" | "modern"

/** The first revision without a handshake. Revisions are ISO dates, so the order of strings is their order. */
export const firstModern = "2026-07-28"

/** The modern revisions that are spoken. */
export const modernVersions: readonly string[] = [firstModern]

export const newestLegacy = "2025-11-25"

/** The legacy revisions that are spoken, the newest first. */
export const legacyVersions: readonly string[] = [
  newestLegacy,
  "2025-06-18",
  "2025-03-26",
  "2024-11-05",
]
