import { relative } from "node:path"
import type { Config } from "../server/config/config.ts"
import { banner } from "./banner.ts"
import type { Command, ExitCode, Io } from "./command.ts"
import { configOption, readConfig } from "./config-file.ts"
import { StopSignals } from "./stop-signals.ts"
import { version } from "./version.ts"

export const serve: Command = {
  name: "serve",
  summary: "Run the gateway",
  arguments: "",
  options: { config: configOption },
  details: `Prints what it serves, where and for whom; logs to stderr as JSON lines. SIGTERM, SIGINT, SIGHUP and SIGQUIT end it gracefully:
readiness goes red, calls in flight finish, backends and the processes it started end. A signal a second or more after the first ends it at once.
SIGUSR1 and SIGUSR2 do nothing.
Exit code 1 when the configuration or the registry is not sound, or a port is taken.`,
  async run(given, io) {
    const read = readConfig(given, io)
    if (read === undefined) return 1
    const { config, warnings } = read
    for (const warning of warnings) io.err.write(`warning: ${warning}\n`)
    const [{ startGateway }, { StartError }, { createLog }] = await Promise.all([
      import("../server/start.ts"),
      import("../server/start-error.ts"),
      import("../server/log.ts"),
    ])
    const log = createLog(config.log)
    keepServing((error, kind) => log.error({ event: kind, error }))
    using signals = new StopSignals()
    const stop = new AbortController()
    void signals.stopped.then(() => stop.abort())
    const { signal } = stop
    const options = { version: version(), env: io.env, log, warnings, signal }
    try {
      const running = await startGateway(config, options)
      io.out.write(
        banner({
          version: version(),
          url: running.url,
          adminUrl: running.adminUrl,
          source: sourceOf(config),
          catalog: running.catalog(),
          routes: running.routes(),
          config,
          command: import.meta.filename.endsWith(".ts") ? "npm run -s postern --" : "npx postern",
        }),
      )
      await signals.stopped
      await running.close()
      return 0
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      if (signal.aborted) return 0 // before it had a registry
      return report(error, io)
    }
  },
}

function sourceOf({ registry: { name, source } }: Config): string {
  if (source.kind !== "file") return name
  const path = relative(process.cwd(), name)
  return path.startsWith("..") ? name : path
}

/** What a bug throws where nobody waits must not end the calls of everybody else. */
function keepServing(tell: (error: unknown, kind: string) => void): void {
  process.on("uncaughtException", (error) => tell(error, "bug"))
  process.on("unhandledRejection", (error) => tell(error, "bug"))
}

function report(error: { message: string; lines: readonly string[] }, io: Io): ExitCode {
  for (const line of error.lines) io.err.write(`${line}\n`)
  io.err.write(`postern cannot start: ${error.message}\n`)
  return 1
}
