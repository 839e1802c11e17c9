import { writeSync } from "node:fs"
import { setImmediate, setTimeout } from "node:timers/promises"
import { openAudit } from "../../src/server/audit/audit.ts"
import { begin, callRecord } from "./audit-records.ts"

/**
 * A process that writes its audit without end and prints a line for each answer it would have given: `ok ID` when the
 * record was written, `refused ID` when not. Arguments: the file, what to do when writing fails, and `quiet` to write
 * nothing more from then on, or `alone` to write without anybody waiting until that fails and, when writing works again,
 * one record that somebody waits for.
 */
const [file = "", onFailure = "deny", mode = ""] = process.argv.slice(2)
const say = (text: string) => writeSync(1, `${text}\n`)
const audit = openAudit(file, {
  sync: "batch",
  onFailure: onFailure === "degrade" ? "degrade" : "deny",
  now: Date.now,
  id: () => "child",
  onTrouble: (error) => say(error === undefined ? "recovered" : `trouble ${error.message}`),
  onCheckpoint: () => undefined,
})
say("ready")
setInterval(() => undefined, 60_000) // it ends when it is killed, and not before
if (mode === "alone") {
  for (let index = 0; audit.write(callRecord(`${index}`)); index++);
  say("refused alone")
  while (audit.state().trouble !== undefined) await setTimeout(10)
  say(`${(await audit.commit(callRecord("after"))) ? "ok" : "refused"} after`)
}
for (let index = 0; mode === "" || audit.state().trouble === undefined; index++) {
  const id = `${process.pid}-${index}`
  const isBegun = await audit.commit(begin(id))
  await setImmediate()
  const isWritten = await audit.commit(callRecord(id))
  say(`${isBegun && isWritten ? "ok" : "refused"} ${id}`)
}
