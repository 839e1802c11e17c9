import type { Handover, Owner } from "../../../compose/run/durable/journal.ts"
import type { Row } from "../rows.ts"
import { whole } from "../rows.ts"

export interface HandoverOptions {
  readonly rows: (text: string, values: unknown[]) => Promise<Row[]>
  /** On the scale of the database. */
  readonly shifted: (owner: Owner) => Promise<Owner>
}

/** Requests for the runs of others stand in a table of their own, which is nearly always empty. */
export function handoverOf({ rows, shifted }: HandoverOptions): Handover {
  return {
    async ask(id, to) {
      const { owner, nowMs, leaseUntilMs } = await shifted(to)
      await rows("DELETE FROM postern.want WHERE lease_until < $1", [whole(nowMs)])
      await rows(
        `INSERT INTO postern.want (run, owner, lease_until) VALUES ($1, $2, $3)
         ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until`,
        [id, owner, whole(leaseUntilMs)],
      )
    },
    async asked(owner) {
      const found = await rows(
        "SELECT run FROM postern.want JOIN postern.run AS run ON run.id = want.run WHERE run.owner = $1",
        [owner],
      )
      return found.map((row) => String(row["run"]))
    },
    async give(id, owner) {
      await rows(
        `WITH given AS (
           DELETE FROM postern.want USING postern.run AS run
           WHERE want.run = $1 AND run.id = $1 AND run.owner = $2
           RETURNING want.owner, want.lease_until)
         UPDATE postern.run AS run SET owner = given.owner, lease_until = given.lease_until
         FROM given WHERE run.id = $1 AND run.owner = $2`,
        [id, owner],
      )
    },
  }
}
