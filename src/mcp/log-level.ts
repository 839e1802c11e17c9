/** RFC 5424 severities as MCP orders them, the mildest first. */
export const logLevels = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
] as const

const gravities: ReadonlyMap<string, number> = new Map(
  logLevels.map((level, index) => [level, index]),
)

/** How grave a level is; -1 for what is no level. */
export const gravity = (level: unknown): number =>
  typeof level === "string" ? (gravities.get(level) ?? -1) : -1
