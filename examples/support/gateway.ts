// Starts the gateway of config/postern.yaml as its own process, on free ports, with an audit of its own.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const project = join(import.meta.dirname, "../..")

/** The sources, unless somebody has built them. */
export const executable = process.env["GATEWAY_EXECUTABLE"] ?? join(project, "src/main.ts")

export interface RunningGateway extends AsyncDisposable {
  readonly url: URL
  readonly auditFile: string
  /** All that it printed before it was ready. */
  readonly banner: string
  /** Of its process. */
  readonly pid: number
  /** As a crash would: at once, whatever it was doing. */
  kill(): Promise<void>
}

export async function startGateway(
  config = "config/postern.yaml",
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), "postern-"))
  const auditFile = join(folder, "audit.jsonl")
  const child = spawn(process.execPath, [executable, "serve", "--config", config], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      POSTERN_PORT: "0",
      POSTERN_ADMIN_PORT: "0",
      POSTERN_AUDIT: auditFile,
      POSTERN_LOG: "error",
      DOCUMENTS_1_PORT: String(await freePort()),
      DOCUMENTS_2_PORT: String(await freePort()),
      ...env,
    },
  })
  let banner = ""
  child.stdout.setEncoding("utf8")
  const url = await new Promise<URL>((resolve, reject) => {
    child.stdout.on("data", (chunk: string) => {
      banner += chunk
      const ready = /ready on (\S+)\n/.exec(banner)?.[1]
      if (ready !== undefined) resolve(new URL(ready))
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`the gateway ended with exit code ${code}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    const isGone = child.exitCode !== null || child.signalCode !== null
    const gone = isGone ? undefined : once(child, "exit")
    child.kill(signal)
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    url,
    auditFile,
    banner,
    pid: child.pid ?? 0, // it has said that it is ready
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}
