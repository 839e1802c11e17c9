import { runStatuses } from "../../compose/run/durable/status.ts"
import { listAsked } from "../../server/runs/asked.ts"
import { type Command, UsageError } from "../command.ts"
import { configOption } from "../config-file.ts"
import { tell } from "./tell.ts"
import { runRows } from "./words.ts"

export const runsList: Command = {
  name: "runs list",
  summary: "List durable runs: those that are open or parked, or those of a status",
  arguments: "",
  options: {
    status: {
      type: "string",
      short: "s",
      value: "STATUS",
      multiple: true,
      summary: `${runStatuses.join(", ")}; may be repeated`,
    },
    tool: { type: "string", value: "NAME", summary: "runs of this composition only" },
    limit: { type: "string", value: "N", summary: "at most so many, 1 to 1000 (default 100)" },
    after: {
      type: "string",
      value: "ID",
      summary: "the page after the one that ended with this run",
    },
    config: configOption,
    json: { type: "boolean", summary: "one JSON object" },
  },
  details: `The youngest first. Asks the gateway that runs by the configuration, on this machine; when none runs, reads its journal.
Exit code 1 when neither can be had.`,
  async run(given, io) {
    const query = new URLSearchParams(
      given.texts("status").map((status): [string, string] => ["status", status]),
    )
    if (!query.has("status"))
      for (const status of ["running", "waiting", "compensating", "parked"])
        query.append("status", status)
    for (const name of ["tool", "limit", "after"]) {
      const text = given.text(name)
      if (text !== undefined) query.set(name, text)
    }
    const asked = listAsked(query)
    if (typeof asked === "string") throw new UsageError(`--${asked}`)
    const { reach } = await import("./reach.ts")
    const found = await reach(given, io, {
      path: `/runs?${query}`,
      use: async (desk) => {
        const runs = await desk.list(asked)
        return typeof runs === "string"
          ? { ok: false, message: runs }
          : { ok: true, value: { runs } }
      },
    })
    return tell(found, (list) => runRows(list, asked), given, io)
  },
}
