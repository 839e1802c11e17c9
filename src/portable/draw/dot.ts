import { isShape, type Picture, type PictureKind, type PictureNode } from "./picture.ts"

/** The picture in Graphviz's DOT: `dot -Tsvg` draws it. Ids are those of the entities, so that scripts can find them. */
export function drawDot({ title, nodes, edges }: Picture): string {
  const lines = nodes.map((node) => {
    const marks = [
      `label=${quoted(wordsOf(node))}`,
      `tooltip=${quoted(node.description ?? "")}`,
      ...(node.isDeprecated || node.isMissing ? [`style="rounded,dashed"`] : []),
      ...(node.isCentre ? ["penwidth=3"] : []),
    ]
    return `  ${quoted(node.id)} [${attributes[node.kind]}, ${marks.join(", ")}];`
  })
  const arrows = edges.map((edge) => {
    const { from, to, why } = edge
    const style = isShape(edge) ? ", style=dashed" : ""
    return `  ${quoted(from)} -> ${quoted(to)} [tooltip=${quoted(why.join(", "))}${style}];`
  })
  return [
    `digraph ${quoted(title)} {`,
    "  rankdir=LR;",
    `  node [shape=box, style=rounded, fontname="Helvetica"];`,
    `  edge [color="#8793a0"];`,
    ...serversTogether(nodes),
    ...lines,
    ...arrows,
    "}",
    "",
  ].join("\n")
}

const attributes: Readonly<Record<PictureKind, string>> = {
  agent: `color="#3457d5"`,
  tool: `color="#0b7a75"`,
  server: `color="#8a5a00", shape=cylinder`,
  schema: `color="#8b3fa8", shape=hexagon`,
  package: `color="#495057", shape=component`,
  model: `color="#b02a4c", shape=ellipse`,
}

/** Servers stand at one edge; everything else is placed by what it needs. */
function serversTogether(nodes: readonly PictureNode[]): string[] {
  const ids = nodes.filter(({ kind }) => kind === "server").map(({ id }) => quoted(id))
  return ids.length === 0 ? [] : [`  { rank=same; ${ids.join("; ")} }`]
}

function wordsOf({ name, version, pattern, isDeprecated, isMissing }: PictureNode): string {
  const marks = [isDeprecated ? "deprecated" : undefined, isMissing ? "not registered" : undefined]
  const small = [version, pattern, ...marks].filter((word) => word !== undefined)
  return small.length === 0 ? name : `${name}\n${small.join(", ")}`
}

/** A quoted ID of the DOT language, in which only the quote and the backslash mean something. */
const quoted = (text: string): string =>
  `"${text
    .replace(/[\\"]/g, (character) => `\\${character}`)
    .replace(/\n/g, "\\n")
    .replace(/[\p{C}\u2028\u2029]/gu, "\ufffd")}"`
