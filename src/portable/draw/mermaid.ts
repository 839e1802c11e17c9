import {
  isShape,
  type Picture,
  type PictureEdge,
  type PictureKind,
  type PictureNode,
  pictureKinds,
} from "./picture.ts"

/** The picture as a Mermaid flowchart: agents are stadiums, servers cylinders, schemas hexagons; `==>` is a `depends`. */
export function drawMermaid({ title, nodes, edges }: Picture): string {
  const numbers = new Map(nodes.map(({ id }, index) => [id, `n${index}`]))
  const lines = nodes.map((node) => {
    const [open, close] = brackets[node.kind]
    return `  ${numbers.get(node.id)}${open}"${wordsOf(node)}"${close}:::${node.kind}`
  })
  const arrows = edges.map((edge) => {
    return `  ${numbers.get(edge.from)} ${arrowOf(edge)} ${numbers.get(edge.to)}`
  })
  const marked = nodes.filter(({ isCentre }) => isCentre)
  return [
    "flowchart LR",
    `  %% ${escaped(title)}`,
    ...lines,
    ...arrows,
    ...pictureKinds
      .filter((kind) => nodes.some((node) => node.kind === kind))
      .map((kind) => `  classDef ${kind} ${colours[kind]}`),
    ...marked.map(({ id }) => `  style ${numbers.get(id)} stroke-width:3px`),
    "",
  ].join("\n")
}

function arrowOf(edge: PictureEdge): string {
  if (isShape(edge)) return "-.->"
  return edge.why.includes("depends") ? "==>" : "-->"
}

const brackets: Readonly<Record<PictureKind, readonly [string, string]>> = {
  agent: ["([", "])"],
  tool: ["[", "]"],
  server: ["[(", ")]"],
  schema: ["{{", "}}"],
  package: ["[[", "]]"],
  model: [">", "]"],
}

const colours: Readonly<Record<PictureKind, string>> = {
  agent: "fill:#eef1fd,stroke:#3457d5,color:#1d2733",
  tool: "fill:#e9f5f4,stroke:#0b7a75,color:#1d2733",
  server: "fill:#faf1e0,stroke:#8a5a00,color:#1d2733",
  schema: "fill:#f6ecf9,stroke:#8b3fa8,color:#1d2733",
  package: "fill:#f1f3f5,stroke:#495057,color:#1d2733",
  model: "fill:#fdecef,stroke:#b02a4c,color:#1d2733",
}

function wordsOf({ name, version, pattern, isDeprecated, isMissing }: PictureNode): string {
  const marks = [isDeprecated ? "deprecated" : undefined, isMissing ? "not registered" : undefined]
  const words = [version, pattern, ...marks].filter((word) => word !== undefined)
  return [escaped(name), ...(words.length === 0 ? [] : [escaped(words.join(", "))])].join("<br/>")
}

/** Names come from documents: nothing in them may be read as part of the diagram. */
const escaped = (text: string): string =>
  text.replace(/[&<>"#;`|\p{C}\u2028\u2029]/gu, (character) => `#${character.codePointAt(0)};`)
