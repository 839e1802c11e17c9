/**
 * What holds where the configuration says nothing: the safe choice each time. Every permissive setting that replaces one
 * of these is warned of at start (`warnings.ts`). Numbers that are limits stand in `../limits.ts`.
 */
export const defaults = {
  host: "127.0.0.1",
  port: 3000,
  path: "/mcp",
  adminPort: 3001,
  refreshInterval: "5m",
  missingEntity: "error",
  deprecatedEntity: "warn",
  unusedSchema: "ignore",
  inputValidation: "deny",
  outputValidation: "warn",
  unknownCaller: "deny",
  undeclaredDependency: "deny",
  definitionDrift: "warn",
  trustedFrom: ["127.0.0.0/8", "::1/128"],
  claimName: "agent_name",
  claimVersion: "agent_version",
  algorithms: ["ES256", "EdDSA", "PS256", "RS256"],
  clockTolerance: "5s",
  minTrust: "asserted",
  onConflict: "deny",
  era: "auto",
  isolation: "shared",
  auditArguments: "digest",
  auditSync: "batch",
  auditBegin: "effects",
  auditOnFailure: "deny",
  logLevel: "info",
  logTo: "stderr",
} as const
