import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import {
  accessSync,
  chownSync,
  constants,
  globSync,
  mkdtempSync,
  realpathSync,
  rmSync,
} from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"

/** The folder of PostgreSQL's programs on this machine, if it has them: `PGBIN`, PATH, or Debian's place for them. */
export const postgresPrograms: string | undefined = programsIn([
  process.env["PGBIN"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...globSync("/usr/lib/postgresql/*/bin").sort().reverse(),
])

/** Some folders hold only links to a few of the programs: the place that they lead to has all. */
function programsIn(folders: readonly string[]): string | undefined {
  const found = folders.find((folder) => folder !== "" && isExecutable(join(folder, "initdb")))
  return found && dirname(realpathSync(join(found, "initdb")))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A real PostgreSQL of one's own, on loopback. */
export interface Postgres {
  readonly port: number
  /** A database that is there and empty. */
  database(name: string): string
  /** As in a crash: every process at once. */
  kill(): Promise<void>
  /** With the data that there is. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Of programs that nothing else waits beside: no deadline of a test would end them. */
const patience = { timeout: 60_000 }

/** `fsync: "off"`: for tests that crash neither it nor the machine. */
export async function startPostgres(
  programs: string,
  own: { readonly fsync?: "off" } = {},
): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "postern-postgres-"))
  const user = unprivileged(programs)
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, "data")
  const flags = ["--auth=trust", "--username=postern", "--encoding=UTF8", "--no-locale"]
  execFileSync(join(programs, "initdb"), ["-D", data, ...flags], {
    ...user,
    ...patience,
    cwd: folder,
  })
  const port = await freePort()
  const at = { port, listen_addresses: "127.0.0.1", unix_socket_directories: folder }
  const settings = { ...at, ...own }
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  let server: ChildProcess | undefined
  const stop = async (signal: NodeJS.Signals) => {
    const running = server
    if (running === undefined) return
    server = undefined
    const isGone = running.exitCode !== null || running.signalCode !== null
    const gone = isGone ? undefined : once(running, "exit")
    running.kill(signal)
    await gone
  }
  const postgres: Postgres = {
    port,
    database(name) {
      const as = ["-h", "127.0.0.1", "-p", String(port), "-U", "postern"]
      execFileSync(join(programs, "createdb"), [...as, name], patience)
      return `postgres://postern@127.0.0.1:${port}/${name}`
    },
    // SIGQUIT: the server and all its children end at once, without a checkpoint; the next start recovers from the log.
    kill: () => stop("SIGQUIT"),
    async start() {
      const started = spawn(join(programs, "postgres"), ["-D", data, ...args], {
        ...user,
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      })
      server = started
      const ready = Promise.withResolvers<void>()
      let said = ""
      started.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text
        if (said.includes("ready to accept connections")) ready.resolve()
      })
      started.once("exit", () => ready.reject(new Error(`PostgreSQL did not start: ${said}`)))
      await ready.promise
    },
    async close() {
      await stop("SIGQUIT")
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await postgres.start()
  return postgres
}

/** PostgreSQL does not run as root: there it runs as whoever Debian's package made for it, or as nobody. */
function unprivileged(programs: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => {
    for (const name of ["postgres", "nobody"]) {
      try {
        return Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }))
      } catch {
        // not on this machine: the next one
      }
    }
    throw new Error(`${programs}: there is no user that PostgreSQL may run as`)
  }
  return { uid: id("-u"), gid: id("-g") }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port")
  return address.port
}
