/** A number that only grows. Hot paths keep the child and add to it: no lookup, no allocation. */
export interface Counter {
  add(amount?: number): void
}

export interface Histogram {
  /** In the unit of the metric's name, seconds as a rule. */
  observe(value: number): void
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
const validName = /^postern_[a-z0-9_]+$/

/** The metrics of a process: plain numbers, printed as Prometheus text (version 0.0.4) when scraped. */
export class Metrics {
  readonly #printers = new Map<string, () => string>()

  /** `name` is `postern_…` in lower case; `labels` are names of labels. */
  counter(name: string, help: string, labels: readonly string[] = []): Family<Counter> {
    return this.#family({ name, help, labels }, "counter", () => new CounterChild())
  }

  histogram(name: string, help: string, options: HistogramOptions = {}): Family<Histogram> {
    const { labels = [], buckets = secondsBuckets } = options
    return this.#family({ name, help, labels }, "histogram", () => new HistogramChild(buckets))
  }

  /** A value that goes up and down, read at each scrape. */
  gauge(name: string, help: string, read: Reading, labels: readonly string[] = []): void {
    const about = { name, help, labels }
    this.#add(about, "gauge", () => samples(about, read()))
  }

  /** A value that only grows and is kept elsewhere, read at each scrape. */
  total(name: string, help: string, read: Reading, labels: readonly string[] = []): void {
    const about = { name, help, labels }
    this.#add(about, "counter", () => samples(about, read()))
  }

  print(): string {
    return [...this.#printers.values()].map((print) => print()).join("")
  }

  #family<C extends Child>(about: Description, type: string, make: () => C): Family<C> {
    const children = new Children(about, make)
    this.#add(about, type, () => children.print())
    return children
  }

  #add({ name, help }: Description, type: string, print: () => string): void {
    if (!validName.test(name)) throw new TypeError(`${name} is no name of a metric here`)
    if (this.#printers.has(name)) throw new TypeError(`${name} exists already`)
    const head = `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`
    this.#printers.set(name, () => head + print())
  }
}

interface Child {
  print(name: string, labels: string): string
}

/** The children of one family, by the values of their labels. */
class Children<C extends Child> implements Family<C> {
  readonly #about: Description
  readonly #make: () => C
  readonly #byValues = new Map<string, { readonly child: C; readonly labels: string }>()

  constructor(about: Description, make: () => C) {
    this.#about = about
    this.#make = make
    if (about.labels.length === 0) this.with() // so that it is 0, and not absent, before the first event
  }

  with(...values: readonly string[]): C {
    const known = this.#byValues.get(values.join("\0"))
    if (known !== undefined) return known.child
    const isFull = this.#byValues.size >= childrenMax
    const kept = isFull ? values.map(() => "(other)") : values
    const key = kept.join("\0")
    const existing = this.#byValues.get(key)
    if (existing !== undefined) return existing.child
    const child = this.#make()
    this.#byValues.set(key, { child, labels: printedLabels(this.#about.labels, kept) })
    return child
  }

  print(): string {
    const { name } = this.#about
    return [...this.#byValues.values()]
      .map(({ child, labels }) => child.print(name, labels))
      .join("")
  }
}

class CounterChild implements Counter, Child {
  #value = 0

  add(amount = 1): void {
    this.#value += amount
  }

  print(name: string, labels: string): string {
    return `${name}${braces(labels)} ${this.#value}\n`
  }
}

class HistogramChild implements Histogram, Child {
  readonly #bounds: readonly number[]
  /** How many values fell in each bucket, and beyond the last. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    const index = bucket === -1 ? this.#bounds.length : bucket
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sum += value
  }

  print(name: string, labels: string): string {
    let count = 0
    let text = ""
    for (const [index, bound] of [...this.#bounds, "+Inf"].entries()) {
      count += this.#counts[index] ?? 0
      text += `${name}_bucket${braces(joined(labels, `le="${bound}"`))} ${count}\n`
    }
    return `${text}${name}_sum${braces(labels)} ${this.#sum}\n${name}_count${braces(labels)} ${count}\n`
  }
}

function samples({ name, labels }: Description, found: ReturnType<Reading>): string {
  const all: readonly Sample[] = typeof found === "number" ? [{ value: found }] : found
  return all
    .map(({ values = [], value }) => `${name}${braces(printedLabels(labels, values))} ${value}\n`)
    .join("")
}

const printedLabels = (names: readonly string[], values: readonly string[]): string =>
  names.map((name, index) => `${name}="${escapedValue(values[index] ?? "")}"`).join()

const joined = (labels: string, more: string) => (labels === "" ? more : `${labels},${more}`)
const braces = (labels: string) => (labels === "" ? "" : `{${labels}}`)

const escapedHelp = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapedValue = (text: string) => escapedHelp(text).replaceAll('"', '\\"')
