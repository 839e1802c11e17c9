import { type Layers, layersOf, type Spot } from "./layers.ts"
import { orderLayers } from "./order.ts"
import {
  isShape,
  type Picture,
  type PictureEdge,
  type PictureKind,
  type PictureNode,
  pictureKinds,
} from "./picture.ts"
import { placeLayers } from "./place.ts"
import { styleSheet } from "./style-sheet.ts"
import { cut, xml } from "./text.ts"

const margin = 28
const headHeight = 74
const boxHeight = 30
const rowHeight = 40
/** Spots that edges pass through need less room than boxes. */
const passHeight = 14
const columnGap = 110
/** Of the monospaced letters of names and of versions. */
const letterWidth = 7.25
const smallLetterWidth = 6.05
const nameMax = 40
const leastWidth = 120

/** Rules that light up what belongs to the node under the pointer are written for pictures up to this size. */
const litNodesMax = 600

/**
 * The picture as one SVG file that needs nothing else: no script, no font, no address. What needs something stands to
 * the left of it. Light or dark as the reader's screen is.
 */
export function drawSvg(picture: Picture): string {
  const layers = layersOf(picture)
  const ordered = orderLayers(layers)
  const across = placeLayers(ordered, ({ node }) => (node === undefined ? passHeight : rowHeight))
  const columns = columnsOf(ordered)
  const at = (spot: Spot): Point => ({
    x: columns.left[spot.layer] ?? 0,
    y: headHeight + margin + (across.get(spot) ?? 0),
    width: columns.width[spot.layer] ?? 0,
  })
  const tallest = [...across.values()].reduce((most, y) => Math.max(most, y), 0)
  const width = Math.max(columns.end + margin, 640)
  const height = headHeight + tallest + boxHeight + 2 * margin
  const numbers = new Map(picture.nodes.map(({ id }, index) => [id, index]))
  const drawing: Drawing = { layers, at, numbers }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="img" aria-labelledby="title">`,
    `<title id="title">${xml(picture.title)}</title>`,
    `<style>${styleSheet}${lights(picture)}</style>`,
    `<rect class="paper" width="100%" height="100%"/>`,
    ...head(picture),
    `<g class="edges">`,
    ...picture.edges.map((edge) => edgeLine(edge, drawing)),
    "</g>",
    ...picture.nodes.map((node, index) => box(node, index, drawing)),
    "</svg>",
    "",
  ].join("\n")
}

interface Point {
  readonly x: number
  readonly y: number
  readonly width: number
}

interface Drawing {
  readonly layers: Layers
  at(spot: Spot): Point
  readonly numbers: ReadonlyMap<string, number>
}

interface Columns {
  readonly left: readonly number[]
  readonly width: readonly number[]
  readonly end: number
}

/** By layer, from the highest on the left to layer 0 on the right. */
function columnsOf(layers: readonly (readonly Spot[])[]): Columns {
  const width = layers.map((layer) =>
    layer.reduce((most, { node }) => Math.max(most, node ? widthOf(node) : 0), leastWidth),
  )
  const left: number[] = []
  let x = margin
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    left[layer] = x
    x += (width[layer] ?? 0) + columnGap
  }
  return { left, width, end: x - columnGap }
}

const labelOf = ({ name }: PictureNode): string => cut(name, nameMax)
const badgeOf = ({ version, pattern }: PictureNode): string =>
  [version, pattern].filter((word) => word !== undefined).join(" · ")

const widthOf = (node: PictureNode): number =>
  Math.ceil(40 + labelOf(node).length * letterWidth + badgeOf(node).length * smallLetterWidth)

function head({ title, nodes }: Picture): string[] {
  const x = margin
  const counted = pictureKinds.flatMap((kind) => {
    const count = nodes.filter((node) => node.kind === kind).length
    return count === 0 ? [] : [{ kind, words: `${count} ${count === 1 ? kind : plural[kind]}` }]
  })
  let along = x
  const legend = counted.map(({ kind, words }) => {
    const dot = `<circle class="${kind} dot" cx="${along + 5}" cy="58" r="5"/>`
    const text = `<text class="legend" x="${along + 16}" y="62">${words}</text>`
    along += 34 + Math.ceil(words.length * letterWidth)
    return dot + text
  })
  return [`<text class="title" x="${x}" y="38">${xml(cut(title, 90))}</text>`, ...legend]
}

const plural: Readonly<Record<PictureKind, string>> = {
  agent: "agents",
  tool: "tools",
  server: "servers",
  schema: "schemas",
  package: "packages",
  model: "models",
}

function box(node: PictureNode, index: number, { layers, at }: Drawing): string {
  const spot = layers.spotOf.get(node.id)
  if (spot === undefined) return ""
  const { x, y, width } = at(spot)
  const classes = [node.kind, "node", ...(node.isDeprecated ? ["old"] : [])]
  if (node.isCentre) classes.push("centre")
  if (node.isMissing) classes.push("missing")
  const label = labelOf(node)
  const badge = badgeOf(node)
  const badgeAt = x + 22 + label.length * letterWidth + 6
  return [
    `<g id="n${index}" class="${classes.join(" ")}">`,
    `<title>${xml(tooltip(node))}</title>`,
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${boxHeight}" rx="7"/>`,
    `<circle class="dot" cx="${round(x + 12)}" cy="${round(y + boxHeight / 2)}" r="4"/>`,
    `<text class="name" x="${round(x + 22)}" y="${round(y + 19.5)}">${xml(label)}</text>`,
    ...(badge === ""
      ? []
      : [`<text class="badge" x="${round(badgeAt)}" y="${round(y + 19.5)}">${xml(badge)}</text>`]),
    "</g>",
  ].join("")
}

function tooltip(node: PictureNode): string {
  const { kind, name, version, pattern, description, isDeprecated, isMissing } = node
  const what = pattern === undefined ? kind : `${kind} (${pattern})`
  const id = version === undefined ? name : `${name}@${version}`
  const words = [`${what} ${id}`]
  if (isDeprecated) words.push("deprecated")
  if (isMissing) words.push("not registered")
  return [...words, ...(description === undefined ? [] : [cut(description, 400)])].join("\n")
}

function edgeLine(edge: PictureEdge, { layers, at, numbers }: Drawing): string {
  const { from, to, why } = edge
  const spots = layers.route(from, to)
  const [start] = spots
  const end = spots.at(-1)
  if (start === undefined || end === undefined) return ""
  const classes = ["edge", `f${numbers.get(from)}`, `t${numbers.get(to)}`]
  if (isShape(edge)) classes.push("shape")
  const middle = ({ y }: Point) => y + boxHeight / 2
  const first = at(start)
  // Boxes of one layer are of one width only for those who look: a line begins at the box it belongs to.
  const points = [{ x: first.x + (start.layer > end.layer ? first.width : 0), y: middle(first) }]
  for (const spot of spots.slice(1, -1)) {
    const { x, y, width } = at(spot)
    points.push({ x, y: middle({ x, y, width }) }, { x: x + width, y: middle({ x, y, width }) })
  }
  const last = at(end)
  points.push({ x: last.x, y: middle(last) })
  const words = `${from} needs ${to}: ${why.join(", ")}`
  return `<path class="${classes.join(" ")}" d="${curve(points)}"><title>${xml(words)}</title></path>`
}

/** Level at both ends of every gap between columns. */
function curve(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [start, ...rest] = points
  if (start === undefined) return ""
  let d = `M${round(start.x)} ${round(start.y)}`
  let before = start
  for (const point of rest) {
    const bend = (point.x - before.x) / 2
    d +=
      point.y === before.y
        ? `H${round(point.x)}`
        : `C${round(before.x + bend)} ${round(before.y)} ${round(point.x - bend)} ${round(point.y)} ${round(point.x)} ${round(point.y)}`
    before = point
  }
  return d
}

/** The node under the pointer lights up its edges, by style alone. */
function lights({ nodes }: Picture): string {
  if (nodes.length > litNodesMax) return ""
  return nodes
    .map((_, index) => `svg:has(#n${index}:hover) :is(.f${index},.t${index})`)
    .map((selector) => `${selector}{stroke:var(--lit);stroke-width:2.2;opacity:1}`)
    .join("\n")
}

const round = (value: number): number => Math.round(value * 10) / 10
