// The three servers of the shop as processes of their own, and what stands in their books.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { freePort } from "../support/gateway.ts"

const names = ["inventory", "payment", "shipping"] as const

/** What became of one order: items set aside and not put back, money charged and not given back, parcels. */
export interface Balance {
  readonly orderId: string
  readonly reserved: number
  readonly charged: number
  readonly shipped: number
}

export interface Shop extends AsyncDisposable {
  /** For the configuration of a gateway. */
  readonly ports: Readonly<Record<string, string>>
  /** Resolves when the order that is held back has been booked by shipping. */
  readonly held: Promise<void>
  books(): readonly Balance[]
}

/** `hold`: an order whose parcel is sent without an answer, once. */
export async function openShop(folder: string, { hold }: { hold?: string } = {}): Promise<Shop> {
  const files = names.map((name) => join(folder, `${name}.db`))
  const ports = await Promise.all(names.map(freePort))
  const held = Promise.withResolvers<void>()
  const servers = names.map((name, index) => {
    const args = [name, "--books", files[index] ?? "", "--port", String(ports[index])]
    const more = hold !== undefined && name === "shipping" ? ["--hold", hold] : []
    const program = join(import.meta.dirname, "shop-server.ts")
    return spawn(process.execPath, [program, ...args, ...more], {
      stdio: ["ignore", "pipe", "inherit"],
    })
  })
  servers[2]?.stdout.on("data", (text) => {
    if (String(text).includes("is booked")) held.resolve()
  })
  await Promise.all(servers.map(isListening))
  return {
    ports: Object.fromEntries(
      names.map((name, index) => [`${name.toUpperCase()}_PORT`, String(ports[index])]),
    ),
    held: held.promise,
    books: () => balance(files),
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.kill()
      await Promise.all(servers.map((server) => server.exitCode ?? once(server, "exit")))
    },
  }
}

async function isListening(server: ChildProcess): Promise<void> {
  const ended = once(server, "exit").then(() => {
    throw new Error("a server of the shop has ended")
  })
  if (server.stdout !== null) await Promise.race([once(server.stdout, "data"), ended])
  ended.catch(() => undefined) // it ends at last
}

function balance(files: readonly string[]): Balance[] {
  const entries = files.flatMap((file) => {
    const db = new DatabaseSync(file, { readOnly: true })
    const rows = db.prepare("SELECT orderId, what, amount FROM entry").all()
    db.close()
    return rows
  })
  const orders = Map.groupBy(entries, ({ orderId }) => String(orderId))
  return [...orders.keys()].toSorted().map((orderId) => {
    const booked = orders.get(orderId) ?? []
    const count = (what: string) => booked.filter((entry) => entry["what"] === what).length
    const sum = (what: string) =>
      booked.reduce((all, entry) => all + (entry["what"] === what ? Number(entry["amount"]) : 0), 0)
    return {
      orderId,
      reserved: count("reserve") - count("release"),
      charged: sum("charge") - sum("refund"),
      shipped: count("ship"),
    }
  })
}
