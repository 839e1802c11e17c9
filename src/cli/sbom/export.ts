import { graphOf } from "../../portable/graph/graph-of.ts"
import { type Inventory, inventoryOf } from "../../portable/sbom/inventory.ts"
import { printSbom, type Spec, versions } from "../../portable/sbom/print/print.ts"
import type { Config } from "../../server/config/config.ts"
import { type Command, type Given, type Io, type Option, UsageError } from "../command.ts"
import { configOption, readConfig } from "../config-file.ts"
import { findNode } from "../find-node.ts"
import { printable } from "../printable.ts"
import { configuredRegistry, type Sound, soundFile } from "../sound-registry.ts"
import { version } from "../version.ts"
import { outputOption, writeOutput } from "../write-output.ts"
import { readBomFile } from "./bom-file.ts"
import { extrasOf } from "./extras.ts"
import { notesOn } from "./notes.ts"
import { checkStale } from "./stale.ts"
import { timestampOf } from "./timestamp.ts"
import { missingWords, wordOptions, wordsOf } from "./words.ts"

const around = (kind: string): Option => ({
  type: "string",
  value: "NAME@VERSION",
  summary: `only this ${kind} and what it needs, the ${kind} being what the SBOM is about`,
})

export const sbomExport: Command = {
  name: "sbom export",
  summary: "Write the registry as an SBOM: agents, tools, servers and schemas with their digests",
  arguments: "[FILE]",
  options: {
    format: {
      type: "string",
      short: "f",
      value: "FORMAT",
      summary: "cyclonedx (otherwise) or spdx",
    },
    spec: {
      type: "string",
      value: "VERSION",
      summary: "1.7 or 1.6 of CycloneDX, 2.3 or 3.0.1 of SPDX",
    },
    agent: { ...around("agent"), short: "a" },
    tool: { ...around("tool"), short: "t" },
    output: outputOption,
    check: {
      type: "string",
      value: "SBOM",
      summary: "write nothing; say whether this file is what would be written, but for its time",
    },
    observed: {
      type: "string",
      multiple: true,
      value: "AUDIT",
      summary: "an audit file: how often each agent, tool and server was called; may be repeated",
    },
    config: configOption,
    timestamp: { type: "string", value: "TIME", summary: "when it was made; see below" },
    ...wordOptions,
  },
  details: `FILE is a registry document; without it, the one of the configuration. The configuration adds where servers are and
what its sbom keys say; with FILE it is read only where --config names it. The same content gives the same bytes: the time is
--timestamp, else SOURCE_DATE_EPOCH, else metadata.updated of the document, else now. No credential, no default and no hidden
field is ever in it. A document with errors is refused: its problems are printed, exit code 1. With --check, exit code 1 says
that the file is stale.
Example: postern sbom export registry.json --format spdx --supplier Acme --output registry.spdx.json`,
  async run(given, io) {
    const asked = specsOf(given)
    const check = given.text("check")
    if (check === undefined) {
      const [spec] = asked
      const made = await make(given, io, spec)
      if (made === undefined) return 1
      return writeOutput(printSbom(made, spec), given.text("output"), io)
    }
    if (given.text("output") !== undefined)
      throw new UsageError("--check writes nothing; leave out --output")
    const committed = readBomFile(check)
    if (!committed.ok) {
      io.err.write(printable(`${committed.message}\n`))
      return 1
    }
    const { spec } = committed.bom
    if (!asked.includes(spec)) throw new UsageError(`--check: ${check} is in version ${spec}`)
    const made = await make(given, io, spec)
    return made === undefined ? 1 : checkStale(check, committed, { inventory: made, io })
  },
}

/** The versions that are meant by what is asked for; of several the first is written. */
function specsOf(given: Given): readonly [Spec, ...Spec[]] {
  const format = given.text("format")
  const spec = given.text("spec")
  if (format !== undefined && format !== "cyclonedx" && format !== "spdx")
    throw new UsageError("--format: one of cyclonedx, spdx")
  const possible =
    format === undefined ? ([...versions.cyclonedx, ...versions.spdx] as const) : versions[format]
  if (spec === undefined) return possible
  const found = possible.find((one) => one === spec)
  if (found === undefined) throw new UsageError(`--spec: one of ${possible.join(", ")}`)
  return [found]
}

/** Undefined when what is wrong has been printed. */
async function make(given: Given, io: Io, spec: Spec): Promise<Inventory | undefined> {
  const source = await sourceOf(given, io)
  if (source === undefined) return
  const { sound, config } = source
  const { document } = sound.catalog
  const words = wordsOf(given, sound.file, config?.sbom ?? {})
  const graph = graphOf(
    sound.catalog,
    words.model === undefined ? { name: words.name } : { name: words.name, model: words.model },
  )
  const centre = centreOf(given)
  const around = centre && findNode(graph, centre, io)
  if (centre !== undefined && around === undefined) return
  const extras = await extrasOf({ ...source, graph, around, audits: given.texts("observed"), io })
  if (extras === undefined) return
  const timestamp = timestampOf(given, io, document.metadata)
  for (const note of [
    ...missingWords(words, spec === "2.3" || spec === "3.0.1"),
    ...notesOn(sound.catalog, graph),
  ])
    io.err.write(printable(`note: ${note}\n`))
  const settings = { ...words, timestamp, toolVersion: version() }
  return inventoryOf(graph, around, { settings, extras })
}

interface Source {
  readonly sound: Sound
  readonly config: Config | undefined
}

/** The configuration belongs to the document that it names, and to another only where somebody says so. */
async function sourceOf(given: Given, io: Io): Promise<Source | undefined> {
  const [file] = given.arguments
  const isWanted = file === undefined || given.text("config") !== undefined
  const read = isWanted ? readConfig(given, io, { isOffline: true }) : undefined
  if (isWanted && read === undefined) return
  const config = read?.config
  const sound =
    file === undefined
      ? config && (await configuredRegistry(config, io))
      : await soundFile(file, io)
  return sound && { sound, config }
}

function centreOf(given: Given) {
  const named = (["agent", "tool"] as const).flatMap((kind) =>
    given.texts(kind).map((written) => ({ kind, written })),
  )
  if (named.length > 1)
    throw new UsageError("an SBOM is about one agent, one tool, or the whole registry")
  return named[0]
}
