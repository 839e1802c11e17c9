/**
 * Loaded into a real gateway before it starts (`NODE_OPTIONS=--import …`): runs stand still at the writes to the journal that
 * the environment variable FREEZE names, and say so on stderr. Whoever ends the process then has ended it exactly there.
 */
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Journal } from "../../src/compose/run/durable/journal.ts"
import { isObject, type Json } from "../../src/schema/json.ts"
import { RunJournal } from "../../src/server/runs/run-journal.ts"

/** Where the run of an order stands still. */
export interface Freeze {
  /** The `id` of its input; `*` is every one. */
  readonly order: string
  /** The write does not happen; or it has happened and nobody hears of it; or the run was taken over, and is left alone. */
  readonly when: "before" | "after" | "taken"
  /** `create`, or an event with its step or what the run turns to: `ok charge`, `turn completed`. */
  readonly write?: string
}

const freezes: readonly Freeze[] = JSON.parse(process.env["FREEZE"] ?? "[]")
const orders = new Map<string, string>()
const taken = new Set<string>()
const nameOf = (input: Json | undefined) => String(isObject(input) ? input["id"] : undefined)

async function at<T>(run: string, writes: readonly string[], write: () => Promise<T>): Promise<T> {
  const frozen = freezeOf(run, ({ write: at = "" }) => writes.includes(at))
  if (frozen?.when !== "before") {
    const written = await write()
    if (frozen === undefined) return written
  }
  tell(run)
  return new Promise(() => undefined)
}

const freezeOf = (run: string, fits: (one: Freeze) => boolean) =>
  freezes.find((one) => (one.order === "*" || one.order === orders.get(run)) && fits(one))

const tell = (run: string) =>
  process.stderr.write(`${JSON.stringify({ event: "frozen", order: orders.get(run) })}\n`)

const wordsOf = (events: readonly StoredEvent[]): readonly string[] =>
  events.map((event) =>
    event.kind === "turn" ? `turn ${event.data.to}` : `${event.kind} ${event.step}`,
  )

function freezing(journal: Journal): Journal {
  const own: Partial<Journal> = {
    create(run, plan, owner, first) {
      orders.set(run.id, nameOf(run.input))
      const writes = ["create", ...wordsOf(first?.events ?? [])]
      return at(run.id, writes, () => journal.create(run, plan, owner, first))
    },
    async claim(id, claimer) {
      orders.set(id, nameOf((await journal.get(id))?.input))
      if (taken.has(id)) return undefined
      const lease = await journal.claim(id, claimer)
      if (lease === undefined || freezeOf(id, ({ when }) => when === "taken") === undefined)
        return lease
      taken.add(id)
      tell(id)
      return undefined
    },
    append: (lease, events, change) =>
      at(lease.id, wordsOf(events), () => journal.append(lease, events, change)),
  }
  return new Proxy(journal, {
    get(target, name) {
      const value = Reflect.get(own, name) ?? Reflect.get(target, name)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

const open = RunJournal.prototype.open
const opened = new WeakMap<Journal, Journal>()
RunJournal.prototype.open = function () {
  const journal = open.call(this)
  const known = opened.get(journal) ?? freezing(journal)
  opened.set(journal, known)
  return known
}
