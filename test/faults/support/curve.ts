import { statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { becomes } from "../../support/e2e-process.ts"
import { usageOf } from "./usage.ts"
import type { World } from "./world.ts"

/** What a gateway takes at a moment. */
interface Point {
  readonly minute: number
  readonly held: number
  readonly resident: number
  readonly handles: number
  readonly timers: number
  readonly rows: number
  /** Of the journal's file. */
  readonly file: number
}

const quantities = ["held", "resident", "handles", "timers", "rows", "file"] as const
type Quantity = (typeof quantities)[number]

/** How much more than a tenth is no growth: MiB, or a number of things. */
const slack: Readonly<Record<Quantity, number>> = {
  held: 4,
  resident: 64,
  handles: 10,
  timers: 10,
  rows: 500,
  file: 2,
}

/** What one process takes over time, with its journal. Prints a line a minute. */
export class Curve {
  readonly #world: World
  readonly #points: Point[] = []
  #saidMinute = -1

  constructor(world: World) {
    this.#world = world
  }

  async look(): Promise<void> {
    const { gateway } = this.#world
    const usage = await usageOf(gateway)
    const point: Point = {
      minute: Math.floor(this.#world.now() / 60_000),
      held: mebibytes(usage.heldBytes),
      resident: mebibytes(usage.residentBytes),
      handles: usage.handles,
      timers: usage.resources,
      rows: rowsOf(gateway.folder),
      file: mebibytes(statSync(join(gateway.folder, "runs.db")).size),
    }
    this.#points.push(point)
    if (point.minute === this.#saidMinute) return
    this.#saidMinute = point.minute
    process.stderr.write(`   ${saying(point)}\n`)
  }

  /** The first minute and the last. */
  get words(): string {
    const [first, last] = [this.#points.at(0), this.#points.at(-1)]
    return first && last ? `${saying(first)}; ${saying(last)}` : "nothing was looked at"
  }

  /**
   * What grew, if anything did: the second quarter of the time against the last one. In the first one code is compiled, and
   * caches and pools find their size.
   */
  get grown(): string | undefined {
    return quantities
      .map((quantity) => {
        const [early, late] = [this.#middle(quantity, 1), this.#middle(quantity, 3)]
        return late > early * 1.1 + slack[quantity]
          ? `${quantity}: ${early} became ${late}`
          : undefined
      })
      .find((one) => one !== undefined)
  }

  /** The median in a quarter of the time. */
  #middle(quantity: Quantity, quarter: number): number {
    const points = this.#points
    const at = (part: number) => Math.floor((points.length * part) / 4)
    const values = points.slice(at(quarter), at(quarter + 1)).map((point) => point[quantity])
    return values.sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
  }
}

/** Waits until the journal has forgotten all runs; what is left if it does not. */
export async function emptied({ gateway }: World, ms: number): Promise<string | undefined> {
  const { folder } = gateway
  return becomes(() => rowsOf(folder) === 0, "no row is left", ms).then(
    () => undefined,
    () => `${rowsOf(folder)} rows are left of runs that are over`,
  )
}

function rowsOf(folder: string): number {
  using db = new DatabaseSync(join(folder, "runs.db"), { readOnly: true })
  const tables = ["run", "entry", "blob", "tomb", "once"]
  const sum = tables.map((table) => `(SELECT count(*) FROM ${table})`).join(" + ")
  return Number(db.prepare(`SELECT ${sum} AS rows`).get()?.["rows"])
}

const mebibytes = (bytes: number): number => Math.round((10 * bytes) / 2 ** 20) / 10

const saying = ({ minute, held, resident, handles, timers, rows, file }: Point): string =>
  `minute ${minute}: ${held} MiB held, ${resident} MiB resident, ${handles} descriptors, ${timers} timers and handles, ${rows} rows in ${file} MiB`
