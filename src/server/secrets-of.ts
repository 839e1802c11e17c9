import { secretsOfAuthorization } from "../mcp/backend/credentials/authorization.ts"
import type { Config } from "./config/config.ts"

/** Values that no text of a backend may show, besides those in its own address. */
export const secretsOf = ({ audit, sessionKeys, servers, taken, telemetry }: Config): string[] =>
  [
    ...sessionKeys,
    ...taken,
    ...(audit?.key ? [audit.key] : []),
    ...(telemetry?.headers?.values() ?? []),
    ...servers.flatMap(({ headers }) => [...headers.values()]),
    ...servers.flatMap(({ authorization }) =>
      authorization === undefined ? [] : secretsOfAuthorization(authorization),
    ),
  ].flatMap((secret) => [secret.reveal(), secret.reveal().replace(/^Bearer /, "")])
