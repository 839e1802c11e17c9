import { existsSync } from "node:fs"
import { isIP } from "node:net"
import { JournalTrouble } from "../../compose/run/durable/journal.ts"
import type { OutputSchemaOf } from "../../compose/run/durable/operate/plan-step.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import { createSchemas } from "../../schema/schemas.ts"
import type { Audit } from "../../server/audit/audit.ts"
import { auditOf } from "../../server/audit/configured.ts"
import { noteRecord } from "../../server/audit/records.ts"
import { clock } from "../../server/clock.ts"
import type { Config } from "../../server/config/config.ts"
import { createLog } from "../../server/log.ts"
import { randomId } from "../../server/random-id.ts"
import { RunDesk } from "../../server/runs/desk.ts"
import { RunJournal } from "../../server/runs/run-journal.ts"
import type { Given, Io } from "../command.ts"
import { readConfig } from "../config-file.ts"

/** What came of asking: the answer, or words for the operator. */
export type Reached =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly message: string }

export interface Asking {
  /** Of the admin listener. */
  readonly path: string
  /** Sent where something is to be changed. */
  readonly body?: JsonObject
  /** The same, where no gateway runs. */
  readonly use: (desk: RunDesk) => Promise<Reached>
  /** What tools give, where that matters and no gateway runs. Undefined where nobody can tell. */
  readonly outputSchemas?: (config: Config) => Promise<OutputSchemaOf | undefined>
}

/**
 * Asks the gateway that runs by the configuration, for which its secrets are not needed. When none runs, works at its
 * journal, and the next one goes on. Undefined when the problems of the configuration have been printed.
 */
export async function reach(given: Given, io: Io, asking: Asking): Promise<Reached | undefined> {
  const named = readConfig(given, io, { isOffline: true })
  const answer = named && (await askGateway(named.config, asking))
  if (named === undefined || answer !== undefined) return answer
  const read = readConfig(given, io)
  return read && (await atJournal(read.config, asking))
}

const answerMs = 60_000

/** Undefined when there is none. */
async function askGateway({ admin }: Config, { path, body }: Asking): Promise<Reached | undefined> {
  if (admin.port === 0) return
  const url = `http://${reachable(admin.host)}:${admin.port}`
  try {
    const answer = await fetch(`${url}${path}`, {
      signal: AbortSignal.timeout(answerMs),
      redirect: "error",
      ...(body && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    })
    const value: unknown = await answer.json().catch(() => undefined)
    if (!isObject(value))
      return {
        ok: false,
        message: `${url} is not the admin listener of a gateway (it answered ${answer.status})`,
      }
    if (answer.ok) return { ok: true, value }
    return { ok: false, message: String(value["message"] ?? value["error"]) }
  } catch (error) {
    const { cause } = error instanceof Error ? error : {}
    if (isObject(cause) && cause["code"] === "ECONNREFUSED") return
    const words = cause instanceof Error ? cause.message : String(error)
    return { ok: false, message: `the gateway at ${url} cannot be asked: ${words}` }
  }
}

/** Every address of this machine has this one among them. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1"
  if (host === "::") return "[::1]"
  return isIP(host) === 6 ? `[${host}]` : host
}

async function atJournal(config: Config, { body, use, outputSchemas }: Asking): Promise<Reached> {
  const { runs } = config.state
  const nobody = "no gateway runs by this configuration"
  if (runs.kind === "memory")
    return { ok: false, message: `${nobody}, and its runs ended with it (state.runs is memory)` }
  if (runs.kind === "sqlite" && !existsSync(runs.file))
    return { ok: false, message: `${nobody}, and there is no run journal ${runs.file}` }
  const journal = new RunJournal(runs, config.limits)
  try {
    journal.open()
    const audit = body === undefined ? undefined : openAudit(config)
    if (typeof audit === "string") return { ok: false, message: audit }
    try {
      const schemas = outputSchemas === undefined ? () => undefined : await outputSchemas(config)
      if (schemas === undefined)
        return {
          ok: false,
          message: `${nobody}, and its registry cannot be read: the output cannot be held to a schema`,
        }
      return await use(deskAt(journal, schemas, audit))
    } finally {
      audit?.close()
    }
  } catch (error) {
    if (!(error instanceof JournalTrouble)) throw error
    return { ok: false, message: `${nobody}, and ${error.message}` }
  } finally {
    await journal.close()
  }
}

/** What cannot be recorded is not done. */
function openAudit(config: Config): Audit | string {
  try {
    return auditOf(config, createLog(config.log))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const deskAt = (
  journal: RunJournal,
  outputSchemaOf: OutputSchemaOf,
  audit: Audit | undefined,
): RunDesk =>
  new RunDesk({
    journal: () => journal.open(),
    schemas: createSchemas(),
    outputSchemaOf,
    clock,
    owner: () => `operator ${randomId()}`,
    driver: undefined,
    apart: (_, step) => step(),
    goOn: async () => {},
    account: (what) =>
      audit?.write(noteRecord("run", what, { id: randomId(), timeMs: Date.now() })) ?? false,
    onAbandoned: () => {},
  })
