import type { Config } from "../config/config.ts"
import type { Logger } from "../log.ts"
import { randomId } from "../random-id.ts"
import { type Audit, openAudit } from "./audit.ts"

/** The audit that a configuration asks for. Throws an Error where its file cannot be opened. */
export const auditOf = (config: Config, log: Logger): Audit =>
  openAudit(config.audit?.file, {
    sync: config.audit?.sync ?? "none",
    onFailure: config.audit?.onFailure ?? "deny",
    now: Date.now,
    id: randomId,
    onTrouble: (error) =>
      error === undefined
        ? log.info({ event: "audit_recovered" })
        : log.error({ event: "audit_unavailable", reason: error.message }),
    onCheckpoint: ({ seq, hash }) => log.info({ event: "audit_checkpoint", seq, hash }),
  })
