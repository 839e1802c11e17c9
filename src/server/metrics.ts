import type { TraceContext } from "../call/trace/context.ts"
import { nowMs } from "./clock.ts"

/** A number that only grows. Hot paths keep the child and add to it: no lookup, no allocation. */
export interface Counter {
  add(amount?: number): void
}

export interface Histogram {
  /**
   * In the unit of the metric's name, usually seconds. `kept`: the span of what was measured, where that is sampled.
   */
  observe(value: number, kept?: TraceContext): void
}

/** One metric, divided by the values of its labels. */
export interface Family<Child> {
  /** The child for these values, in the order of the labels; the same one each time. */
  with(...values: readonly string[]): Child
}

/** A value that is computed only when somebody asks, with the values of its labels. */
export interface Sample {
  readonly values?: readonly string[]
  readonly value: number
}

export interface HistogramOptions {
  /** Names of labels. */
  readonly labels?: readonly string[]
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[]
}

interface Description {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

/** One value, or one for each combination of labels there is. */
type Reading = () => number | readonly Sample[]

/** Seconds: from a fast call through the gateway to a slow backend's timeout. */
const secondsBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

/** Label values come from the registry and at times from callers: beyond this many children the others share one. */
const childrenMax = 2_000
const ownName = /^postern_[a-z0-9_]+$/

/** One metric as it stands, to be printed or sent. */
export interface MetricReading {
  readonly name: string
  readonly help: string
  readonly points:
    | { readonly type: "counter"; readonly all: readonly Point[] }
    | { readonly type: "gauge"; readonly all: readonly Point[] }
    | { readonly type: "histogram"; readonly all: readonly HistogramPoint[] }
}

interface Labelled {
  readonly labels: readonly (readonly [name: string, value: string])[]
}

export interface Point extends Labelled {
  readonly value: number
}

export interface HistogramPoint extends Labelled {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[]
  /** How many values fell in each bucket, and beyond the last: one more than bounds. */
  readonly counts: readonly number[]
  readonly sum: number
  /** By bucket, the last value of it that has a span; absent where none has. */
  readonly exemplars?: readonly (Exemplar | undefined)[]
}

/** One of the values that were counted, and the trace to look it up in. */
export interface Exemplar {
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly at: TraceContext
}

/** The metrics of a process: plain numbers, read when somebody asks. */
export class Metrics {
  readonly #readings = new Map<string, () => MetricReading>()
  readonly #overflows = new Map<string, number>()
  readonly #validName: RegExp

  constructor(validName = ownName) {
    this.#validName = validName
  }

  /** `name` is `postern_…` in lower case; `labels` are names of labels. */
  counter(name: string, help: string, labels: readonly string[] = []): Family<Counter> {
    const children = this.#children({ name, help, labels }, () => new CounterChild())
    this.#add(children.about, () => ({ type: "counter", all: children.points() }))
    return children
  }

  histogram(name: string, help: string, options: HistogramOptions = {}): Family<Histogram> {
    const { labels = [], buckets = secondsBuckets } = options
    const children = this.#children({ name, help, labels }, () => new HistogramChild(buckets))
    this.#add(children.about, () => ({ type: "histogram", all: children.points() }))
    return children
  }

  /** A value that goes up and down, read at each scrape. */
  gauge(name: string, help: string, read: Reading, labels: readonly string[] = []): void {
    const about = { name, help, labels }
    this.#add(about, () => ({ type: "gauge", all: samples(about, read()) }))
  }

  /** A value that only grows and is kept elsewhere, read at each scrape. */
  total(name: string, help: string, read: Reading, labels: readonly string[] = []): void {
    const about = { name, help, labels }
    this.#add(about, () => ({ type: "counter", all: samples(about, read()) }))
  }

  /** Events that were counted under `(other)`, by metric. */
  get overflows(): ReadonlyMap<string, number> {
    return this.#overflows
  }

  read(): readonly MetricReading[] {
    return [...this.#readings.values()].map((read) => read())
  }

  #children<P, C extends Child<P>>(about: Description, make: () => C & Child<P>): Children<P, C> {
    const { name } = about
    return new Children<P, C>(about, make, () =>
      this.#overflows.set(name, (this.#overflows.get(name) ?? 0) + 1),
    )
  }

  #add({ name, help }: Description, points: () => MetricReading["points"]): void {
    if (!this.#validName.test(name)) throw new TypeError(`${name} is no name of a metric here`)
    if (this.#readings.has(name)) throw new TypeError(`${name} exists already`)
    this.#readings.set(name, () => ({ name, help, points: points() }))
  }
}

interface Child<P> {
  /** What it stands at, without its labels. */
  read(): P
}

/** The children of one family, by the values of their labels. */
class Children<P, C extends Child<P>> implements Family<C> {
  readonly about: Description
  readonly #make: () => C
  readonly #overflowed: () => void
  readonly #byValues = new Map<string, Labelled & { readonly child: C }>()

  constructor(about: Description, make: () => C, overflowed: () => void) {
    this.about = about
    this.#make = make
    this.#overflowed = overflowed
    if (about.labels.length === 0) this.with() // so that it is 0, and not absent, before the first event
  }

  with(...values: readonly string[]): C {
    const known = this.#byValues.get(keyOf(values))
    if (known !== undefined) return known.child
    const isFull = this.#byValues.size >= childrenMax
    if (isFull) this.#overflowed()
    const kept = isFull ? values.map(() => "(other)") : values
    const key = keyOf(kept)
    const existing = this.#byValues.get(key)
    if (existing !== undefined) return existing.child
    const child = this.#make()
    this.#byValues.set(key, { child, labels: labelled(this.about.labels, kept) })
    return child
  }

  points(): (P & Labelled)[] {
    return [...this.#byValues.values()].map(({ child, labels }) => ({ ...child.read(), labels }))
  }
}

/** A single label value is its own key: nothing is allocated for it. */
const keyOf = (values: readonly string[]): string =>
  values.length === 1 ? String(values[0]) : values.join("\0")

class CounterChild implements Counter, Child<Omit<Point, "labels">> {
  #value = 0

  add(amount = 1): void {
    this.#value += amount
  }

  read() {
    return { value: this.#value }
  }
}

class HistogramChild implements Histogram, Child<Omit<HistogramPoint, "labels">> {
  readonly #bounds: readonly number[]
  /** How many values fell in each bucket, and beyond the last. */
  readonly #counts: Float64Array
  #sum = 0
  #exemplars: (Exemplar | undefined)[] | undefined

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number, kept?: TraceContext): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    const index = bucket === -1 ? this.#bounds.length : bucket
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sum += value
    if (kept === undefined) return
    this.#exemplars ??= Array.from({ length: this.#counts.length }, () => undefined)
    this.#exemplars[index] = { value, timeMs: nowMs(), at: kept }
  }

  read() {
    const exemplars = this.#exemplars
    const point = { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum }
    return exemplars === undefined ? point : { ...point, exemplars: [...exemplars] }
  }
}

function samples({ labels }: Description, found: ReturnType<Reading>): Point[] {
  const all: readonly Sample[] = typeof found === "number" ? [{ value: found }] : found
  return all.map(({ values = [], value }) => ({ labels: labelled(labels, values), value }))
}

const labelled = (names: readonly string[], values: readonly string[]): Labelled["labels"] =>
  names.map((name, index) => [name, values[index] ?? ""])
