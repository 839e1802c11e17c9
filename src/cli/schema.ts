import type { Command } from "./command.ts"
import { UsageError } from "./command.ts"

const kinds = {
  registry: async () => (await import("../registry/published/registry-schema.ts")).registrySchema,
  config: async () => (await import("../server/config/json-schema.ts")).publishedConfigSchema(),
}

export const schema: Command = {
  name: "schema",
  summary: "Print the JSON Schema of the registry document or of the configuration, for editors",
  arguments: "registry|config",
  options: {},
  details: `Both are also in the package: config/registry.schema.json and config/postern.schema.json.
In a registry: "$schema": "…/registry.schema.json"; in a configuration, as its first line:
# yaml-language-server: $schema=…/postern.schema.json`,
  async run(given, io) {
    const [kind = ""] = given.arguments
    if (kind !== "registry" && kind !== "config") {
      throw new UsageError(`${JSON.stringify(kind)} has no schema; say registry or config`)
    }
    io.out.write(`${JSON.stringify(await kinds[kind](), null, 2)}\n`)
    return 0
  },
}
