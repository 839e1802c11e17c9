/** Something that stands on a lane, with what is written beside it; the first line is its head. */
export interface Stop {
  /** The stops that it comes after, by their index: earlier ones. */
  readonly after: readonly number[]
  readonly lines: readonly string[]
}

/** Beyond so many lanes side by side a drawing of them says no more. */
const lanesMax = 8

/**
 * Stops one below the other, and to the left of them the lanes that lead from each to those that come after it: what
 * stands on lanes side by side may happen at the same time.
 */
export function drawLanes(stops: readonly Stop[]): readonly string[] {
  const drawing = new Drawing()
  stops.forEach((stop, index) => {
    const next = stops.flatMap(({ after }, other) => (after.includes(index) ? [other] : []))
    drawing.stop(index, stop.lines, next)
  })
  return drawing.width > lanesMax ? inOneLane(stops) : drawing.lines()
}

class Drawing {
  width = 0
  /** For each lane the stop that it leads to. */
  readonly #lanes: (number | undefined)[] = []
  readonly #rows: { readonly gutter: string; readonly text: string }[] = []

  stop(index: number, [head = "", ...below]: readonly string[], next: readonly number[]): void {
    const into = this.#lanes.flatMap((to, lane) => (to === index ? [lane] : []))
    const [lane = this.#free(0), ...merging] = into
    this.#lanes[lane] = index
    for (const other of merging) this.#lanes[other] = undefined
    this.#connect(lane, merging, { inside: "┴", last: "╯" })
    this.#row(head, lane)
    const [first, ...others] = next
    this.#lanes[lane] = first
    for (const line of below) this.#row(line)
    const forking = others.map((to) => {
      const free = this.#free(lane + 1)
      this.#lanes[free] = to
      return free
    })
    this.#connect(lane, forking, { inside: "┬", last: "╮" })
  }

  lines(): readonly string[] {
    const width = 2 * this.width - 1
    return this.#rows.map(({ gutter, text }) => `${gutter.padEnd(width)}  ${text}`.trimEnd())
  }

  #free(from: number): number {
    let lane = from
    while (this.#lanes[lane] !== undefined) lane++
    this.width = Math.max(this.width, lane + 1)
    return lane
  }

  #row(text: string, at?: number): void {
    const marks = this.#lanes.map((to, lane) => {
      if (lane === at) return "●"
      return to === undefined ? " " : "│"
    })
    this.#rows.push({ gutter: marks.join(" "), text })
  }

  /** From a lane to others, all to the right of it and in order. */
  #connect(
    from: number,
    to: readonly number[],
    { inside, last }: { readonly inside: string; readonly last: string },
  ): void {
    const end = to.at(-1)
    if (end === undefined) return
    const gutter = this.#lanes.map((open, lane) => {
      if (lane < from || lane > end) return open === undefined ? "  " : "│ "
      if (lane === from) return "├─"
      if (lane === end) return `${last} `
      if (to.includes(lane)) return `${inside}─`
      return open === undefined ? "──" : "┼─"
    })
    this.#rows.push({ gutter: gutter.join("").trimEnd(), text: "" })
  }
}

const inOneLane = (stops: readonly Stop[]): readonly string[] =>
  stops.flatMap(({ lines: [head = "", ...below] }, index) => {
    const isLast = index === stops.length - 1
    return [`●  ${head}`, ...below.map((line) => `${isLast ? " " : "│"}  ${line}`.trimEnd())]
  })
