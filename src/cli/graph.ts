import { basename, extname } from "node:path"
import { drawDot } from "../portable/draw/dot.ts"
import { drawMermaid } from "../portable/draw/mermaid.ts"
import { type Picture, pictureOf } from "../portable/draw/picture.ts"
import { drawSvg } from "../portable/draw/svg.ts"
import type { Graph } from "../portable/graph/graph.ts"
import { graphOf } from "../portable/graph/graph-of.ts"
import { type Direction, slice } from "../portable/graph/slice.ts"
import { written } from "../registry/model.ts"
import { type Command, type Given, type Option, UsageError } from "./command.ts"
import { configOption } from "./config-file.ts"
import { findNode } from "./find-node.ts"
import { namedRegistry } from "./sound-registry.ts"
import { outputOption, writeOutput } from "./write-output.ts"

const around = (kind: string): Option => ({
  type: "string",
  value: "NAME@VERSION",
  summary: `only what hangs together with this ${kind}`,
})

export const graph: Command = {
  name: "graph",
  summary: "Draw what needs what: agents, tools, servers and schemas of a registry",
  arguments: "[FILE]",
  options: {
    format: {
      type: "string",
      short: "f",
      value: "FORMAT",
      summary:
        "svg, mermaid or dot; otherwise by the name of the output (.svg, .mmd, .dot), and mermaid without one",
    },
    output: outputOption,
    agent: { ...around("agent"), short: "a" },
    tool: { ...around("tool"), short: "t" },
    server: around("server"),
    schema: around("schema"),
    direction: {
      type: "string",
      value: "WAY",
      summary: "around one entity: what it needs, what is neededBy it, or both (otherwise both)",
    },
    schemas: { type: "boolean", summary: "draw schemas, too" },
    config: configOption,
  },
  details: `FILE is a registry document; without it, the one of the configuration is drawn. What needs something stands to the left
of it. The SVG is one file without scripts, fonts or addresses; a browser shows more where the pointer is. A document with
errors is not drawn: its problems are printed, exit code 1.
Example: postern graph registry.json --tool place_order --output order.svg`,
  async run(given, io) {
    const draw = printerOf(given)
    const centre = centreOf(given)
    const direction = directionOf(given, centre)
    const sound = await namedRegistry(given, io)
    if (sound === undefined) return 1
    const whole = graphOf(sound.catalog, { name: basename(sound.file, extname(sound.file)) })
    const found = centre === undefined ? whole.root : findNode(whole, centre, io)
    if (found === undefined) return 1
    const schemas = given.flag("schemas") || centre?.kind === "schema"
    const title = titleOf(whole, found)
    const picture = pictureOf(slice(whole, found, direction), { title, schemas })
    return writeOutput(draw(picture), given.text("output"), io)
  },
}

const printers: Readonly<Record<string, (picture: Picture) => string>> = {
  svg: drawSvg,
  mermaid: drawMermaid,
  dot: drawDot,
}

const extensions: Readonly<Record<string, string>> = {
  ".svg": "svg",
  ".dot": "dot",
  ".gv": "dot",
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
  ".md": "mermaid",
  ".txt": "mermaid",
  "": "mermaid",
}

function printerOf(given: Given): (picture: Picture) => string {
  const extension = extname(given.text("output") ?? "").toLowerCase()
  const format = given.text("format") ?? extensions[extension]
  if (format === undefined)
    throw new UsageError(
      `--output: no format is known as ${extension}; name it .svg, .mmd or .dot, or say --format`,
    )
  const printer = Object.hasOwn(printers, format) ? printers[format] : undefined
  if (printer !== undefined) return printer
  throw new UsageError(`--format: one of ${Object.keys(printers).join(", ")}`)
}

const kinds = ["agent", "tool", "server", "schema"] as const

interface Centre {
  readonly kind: (typeof kinds)[number]
  readonly written: string
}

function centreOf(given: Given): Centre | undefined {
  const named = kinds.flatMap((kind) => given.texts(kind).map((text) => ({ kind, written: text })))
  if (named.length > 1) throw new UsageError("only one entity can be in the middle")
  return named[0]
}

function directionOf(given: Given, centre: Centre | undefined): Direction {
  const direction = given.text("direction") ?? "both"
  if (direction !== "needs" && direction !== "neededBy" && direction !== "both")
    throw new UsageError("--direction: one of needs, neededBy, both")
  if (given.text("direction") !== undefined && centre === undefined)
    throw new UsageError("--direction: name an entity, for example --tool NAME@VERSION")
  return direction
}

function titleOf(graph: Graph, centre: string): string {
  const node = graph.nodes.find(({ id }) => id === centre)
  const root = graph.nodes.find(({ id }) => id === graph.root)?.name ?? ""
  if (node === undefined || centre === graph.root) return root
  return `${written(node)} in ${root}`
}
