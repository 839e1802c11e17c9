// What a run beside the peers came to, as it is published: docs/explanation/benchmark.md has the table, peers.svg the drawing.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { PeerRow } from "./measure.ts"

export interface Published {
  /** Of the day, `2026-11-29`. */
  readonly date: string
  readonly node: string
  readonly cores: number
  readonly connections: number
  readonly rows: readonly PublishedRow[]
}

export interface PublishedRow {
  readonly name: string
  readonly backend: string
  readonly callsPerSecond: number
  /** Microseconds of the gateway's processor time for one call. */
  readonly cpuUs: number
  readonly p50Ms: number
  readonly listsPerSecond: number
  readonly failed: number
  readonly startMs: number
  readonly idleMiB: number
  readonly sessionKiB: number
  readonly afterDeath: string
}

export const publishedRow = (row: PeerRow): PublishedRow => ({
  name: row.name,
  backend: row.backend,
  callsPerSecond: Math.round(row.call.callsPerSecond),
  cpuUs: Math.round(row.call.cpuUs),
  p50Ms: Number(row.call.p50Ms.toFixed(1)),
  listsPerSecond: Math.round(row.list.callsPerSecond),
  failed: row.call.failed + row.list.failed,
  startMs: Math.round(row.startMs),
  idleMiB: Math.round(row.idleBytes / 2 ** 20),
  sessionKiB: Math.round(row.sessionBytes / 1024),
  afterDeath: row.afterDeath,
})

/** The version of a peer as its manifest pins it; Postern's own is the checkout's. */
function versionOf(name: string): string {
  const file = name === "postern" ? "../../package.json" : "package.json"
  const { dependencies, version } = JSON.parse(
    readFileSync(join(import.meta.dirname, file), "utf8"),
  )
  return name === "postern" ? version : dependencies[name]
}

/** The table, in Markdown. */
export function tableOf({ rows }: Published): string {
  const head = [
    "| gateway | server | calls/s | CPU µs/call | p50 ms | lists/s | start ms | memory MiB | a session more KiB | server killed: the next call, and one a second later |",
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
  ]
  const line = (row: PublishedRow) => {
    const numbers = [
      row.callsPerSecond,
      row.cpuUs,
      row.p50Ms,
      row.listsPerSecond,
      row.startMs,
      row.idleMiB,
    ]
    const cells = [
      ...numbers.map((number) => number.toLocaleString("en")),
      row.sessionKiB.toLocaleString("en"),
    ]
    return `| ${row.name} ${versionOf(row.name)} | ${row.backend} | ${cells.join(" | ")} | ${row.afterDeath} |`
  }
  return `${[...head, ...rows.map(line)].join("\n")}\n`
}

const bar = { height: 22, gap: 8, left: 170, width: 420 }

/** Processor time for a call, a bar for each gateway: shorter is better. */
export function chartOf({ rows }: Published): string {
  const most = Math.max(...rows.map(({ cpuUs }) => cpuUs))
  const height = rows.length * (bar.height + bar.gap) + 56
  const bars = rows.map(({ backend, cpuUs, name }, index) => {
    const y = 40 + index * (bar.height + bar.gap)
    const width = Math.max(2, Math.round((cpuUs / most) * bar.width))
    const fill = name === "postern" ? "#1a7f64" : "#8a94a6"
    const middle = y + bar.height / 2 + 5
    return `  <text x="${bar.left - 10}" y="${middle}" text-anchor="end">${name}, ${backend}</text>
  <rect x="${bar.left}" y="${y}" width="${width}" height="${bar.height}" rx="3" fill="${fill}"/>
  <text x="${bar.left + width + 8}" y="${middle}">${cpuUs} µs</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 690 ${height}" role="img" aria-label="Processor time for one tools/call" font-family="system-ui, sans-serif" font-size="14" fill="#57606a">
  <text x="12" y="22" font-weight="600">Processor time of the gateway for one tools/call: shorter is better</text>
${bars.join("\n")}
</svg>
`
}
