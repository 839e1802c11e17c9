import { UsageCount } from "../../server/audit/usage.ts"
import type { Command, Given, Io } from "../command.ts"
import { configOption, readConfig } from "../config-file.ts"
import { printableLine } from "../printable.ts"
import { configuredRegistry, type Sound, soundFile } from "../sound-registry.ts"
import { readFiles } from "./reading.ts"
import { usageWords } from "./usage-words.ts"

export const auditUsage: Command = {
  name: "audit usage",
  summary: "Say what agents declare and never use, what they use, and what they were refused",
  arguments: "FILE…",
  options: {
    registry: {
      type: "string",
      short: "r",
      value: "FILE",
      summary: "what agents declare; otherwise the configuration's registry",
    },
    config: configOption,
    json: { type: "boolean", summary: "everything, as one JSON object" },
  },
  details: `Name the files in the order in which they were written. What is wrong with them is said on stderr and does not stop the
report. Compositions are listed as well: what they declare, and call in their own name. Exit code 1 when a file cannot be read
or is no audit, or the registry is not sound.`,
  async run(given, io) {
    const sound = await registryOf(given, io)
    if (sound === undefined) return 1
    const count = new UsageCount(sound.catalog)
    const areRead = await readFiles(given.arguments, (entry) => count.add(entry), io)
    const usage = count.usage()
    if (given.flag("json")) io.out.write(`${JSON.stringify(usage)}\n`)
    else for (const line of usageWords(usage)) io.out.write(`${printableLine(line)}\n`)
    return areRead ? 0 : 1
  },
}

async function registryOf(given: Given, io: Io): Promise<Sound | undefined> {
  const file = given.text("registry")
  if (file !== undefined) return soundFile(file, io)
  const read = readConfig(given, io, { isOffline: true })
  return read && configuredRegistry(read.config, io)
}
