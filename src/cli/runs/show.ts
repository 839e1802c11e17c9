import type { Command, Given, Io } from "../command.ts"
import { configOption } from "../config-file.ts"
import { operatorOf } from "./operator.ts"
import { quoted } from "./quoted.ts"
import { tell } from "./tell.ts"
import { runLines } from "./words.ts"

export const runsShow: Command = {
  name: "runs show",
  summary: "Draw a durable run: what happened when, how each step stands, and what can be done",
  arguments: "ID",
  options: {
    config: configOption,
    json: { type: "boolean", summary: "everything, values of steps included, as one JSON object" },
  },
  details: `Shows the arguments of the run. Asks the gateway that runs by the configuration, on this machine; when none runs,
reads its journal. Exit code 1 when there is no such run, or neither can be had.`,
  async run(given, io) {
    const [id = ""] = given.arguments
    const { reach } = await import("./reach.ts")
    const found = await reach(given, io, {
      path: `/runs/${encodeURIComponent(id)}`,
      use: async (desk) => {
        const shown = await desk.show(id)
        return shown.ok ? { ok: true, value: shown.run } : shown
      },
    })
    return tell(found, (run) => runLines(run, whoWords(given, io)), given, io)
  },
}

/** What a command of this operator needs besides what it is to do. */
function whoWords(given: Given, io: Io): string {
  const config = given.text("config")
  return [
    "--reason TEXT",
    ...(operatorOf(given, io) === undefined ? ["--operator NAME"] : []),
    ...(config === undefined ? [] : [`--config ${quoted(config)}`]),
  ].join(" ")
}
