import { plainRules } from "../../call/server-rules.ts"
import type { Judgement } from "../../server/audit/replay.ts"
import { ReplayCount } from "../../server/audit/replay-count.ts"
import type { Config } from "../../server/config/config.ts"
import { defaults } from "../../server/config/defaults.ts"
import { identitySettings } from "../../server/identity-of.ts"
import { planRoutes } from "../../server/routes.ts"
import { type Command, UsageError } from "../command.ts"
import { configOption, findConfig, readConfig } from "../config-file.ts"
import { printableLine } from "../printable.ts"
import { type Sound, soundFile } from "../sound-registry.ts"
import { readFiles } from "./reading.ts"
import { replayWords } from "./replay-words.ts"

export const auditReplay: Command = {
  name: "audit replay",
  summary: "Say which recorded calls another registry would refuse, and which it would now allow",
  arguments: "FILE…",
  options: {
    registry: {
      type: "string",
      short: "r",
      value: "NEW",
      summary: "the registry to judge them by",
    },
    config: configOption,
    json: { type: "boolean", summary: "everything, as one JSON object" },
  },
  details: `Name the files in the order in which they were written. Each call, each call inside a composition and each request for a
resource or prompt is put to the gateway's own permit, for the caller as it was identified, at the levels of the configuration;
without one, at the default levels. Arguments are not in the audit: what a schema would refuse, postern diff says. Exit code 1
when a call that was allowed would be refused, a file cannot be read or is no audit, or the registry is not sound.`,
  async run(given, io) {
    const file = given.text("registry")
    if (file === undefined) throw new UsageError("--registry NEW is missing")
    const isConfigured = findConfig(given, io) !== undefined
    const config = isConfigured ? readConfig(given, io, { isOffline: true })?.config : undefined
    if (isConfigured && config === undefined) return 1
    const sound = await soundFile(file, io)
    if (sound === undefined) return 1
    const count = new ReplayCount(judgement(sound, config))
    const areRead = await readFiles(given.arguments, (entry) => count.add(entry), io)
    const replayed = count.replayed()
    const isFine = areRead && replayed.refused.count === 0
    if (given.flag("json")) {
      io.out.write(`${JSON.stringify({ ok: replayed.refused.count === 0, ...replayed })}\n`)
    } else for (const line of replayWords(replayed)) io.out.write(`${printableLine(line)}\n`)
    return isFine ? 0 : 1
  },
}

function judgement({ catalog, details }: Sound, config: Config | undefined): Judgement {
  if (config === undefined) return { catalog, details, ...alone, rules: plainRules }
  const { servers, registry } = config
  const { rules } = planRoutes({ catalog, servers, levels: registry.levels })
  return { catalog, details, levels: registry.levels, identity: identitySettings(config), rules }
}

/** Without a configuration: its defaults, but that whoever was identified well enough then is so now. */
const alone: Pick<Judgement, "levels" | "identity"> = {
  levels: defaults,
  identity: {
    minTrust: "anonymous",
    onConflict: defaults.onConflict,
    unknownCaller: defaults.unknownCaller,
    clientInfo: true,
  },
}
