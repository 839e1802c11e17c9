import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text as read } from "node:stream/consumers"
import { parse } from "yaml"
import * as z from "zod"

/*
 * The official conformance suite as a function. It is a command that tries a server at a URL and writes what it found
 * into a folder; it uses no other network than that URL.
 */

export const revisions = ["2025-11-25", "2026-07-28"] as const
export type Revision = (typeof revisions)[number]

const Check = z.object({
  id: z.string(),
  status: z.enum(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
  description: z.string().optional(),
  errorMessage: z.string().optional(),
  details: z.unknown().optional(),
})
export type Check = z.infer<typeof Check>

/** How one scenario of the suite ended. */
export interface ScenarioResult {
  readonly scenario: string
  /** Passed: something was checked and nothing failed. Vacuous: nothing failed because nothing could be checked. */
  readonly outcome: "passed" | "failed" | "vacuous"
  readonly checks: readonly Check[]
}

/** The results of one run, by scenario. */
export type SuiteResult = ReadonlyMap<string, ScenarioResult>

/** What a revision asks of a server or a client: scenarios that must pass, and those that are run and count for nothing. */
export interface Requirements {
  readonly required: readonly string[]
  readonly unscored: readonly string[]
}

const suite = join(import.meta.dirname, "../../node_modules/@modelcontextprotocol/conformance")
const command = join(suite, "dist/index.js")
const RequirementsFile = z.object({
  server: z.array(z.string()),
  client: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.string() })),
})

export const requirementsOf = (revision: Revision): Requirements => required("server", revision)

/** The same of a client. */
export const requirementsOfClients = (revision: Revision): Requirements =>
  required("client", revision)

function required(role: "server" | "client", revision: Revision): Requirements {
  const file = join(suite, `requirements/${revision}.yaml`)
  const read = RequirementsFile.parse(parse(readFileSync(file, "utf8")))
  const unscored = read.not_scored.filter(({ leg }) => leg === role)
  return { required: read[role], unscored: unscored.map(({ scenario }) => scenario) }
}

/**
 * Tries all that a revision asks of a server, and what it only reports. Rejects when nothing was tried, with what the
 * suite printed.
 */
export function runSuite(url: string, revision: Revision): Promise<SuiteResult> {
  return tried(["server", "--url", url, "--requirements", revision, "--timeout", "20000"])
}

/** The same of a client, which is a command: the suite starts it for each scenario, with a server of its own. */
export function runClientSuite(client: string, revision: Revision): Promise<SuiteResult> {
  const wanted = ["--command", client, "--requirements", revision]
  return tried(["client", ...wanted, "--timeout", "90000"])
}

async function tried(args: readonly string[]): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "postern-conformance-"))
  try {
    const child = spawn(process.execPath, [command, ...args, "--output-dir", folder], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 100_000,
    })
    const [printed, complaints] = await Promise.all([
      read(child.stdout),
      read(child.stderr),
      once(child, "close"),
    ])
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    const results = names.flatMap((name) => resultIn(folder, name, complaints) ?? [])
    if (results.length === 0) throw new Error(`the suite tried nothing: ${complaints}${printed}`)
    return new Map(results.map((result) => [result.scenario, result]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder is named `<scenario>-<time>`, and `server-` stands before it where a server was tried; a slash in a scenario's name is one there, too. Without a file of checks the scenario threw, and the suite said so. */
function resultIn(folder: string, name: string, complaints: string): ScenarioResult | undefined {
  const scenario = /^(?:server-)?(.+?)-\d{4}-\d\d-\d\dT[^/]*$/.exec(name)?.[1]
  if (scenario === undefined) return undefined
  const checks = readdirSync(join(folder, name)).includes("checks.json")
    ? readFileSync(join(folder, name, "checks.json"), "utf8")
    : JSON.stringify([thrown(scenario, complaints)])
  return resultOf(scenario, z.array(Check).parse(JSON.parse(checks)))
}

function thrown(scenario: string, complaints: string): Check {
  const said = complaints.split("\n").find((line) => line.includes(`run scenario ${scenario}:`))
  return { id: scenario, status: "FAILURE", errorMessage: said ?? "it came to no end" }
}

function resultOf(scenario: string, checks: readonly Check[]): ScenarioResult {
  const has = (wanted: Check["status"]) => checks.some(({ status }) => status === wanted)
  const outcome = has("FAILURE") ? "failed" : has("SUCCESS") ? "passed" : "vacuous"
  return { scenario, outcome, checks }
}

/** What failed, as lines that say which check of which scenario and why. */
export const complaintsOf = (results: SuiteResult, scenarios: readonly string[]): string[] =>
  scenarios.flatMap((scenario) => {
    const result = results.get(scenario)
    if (result === undefined) return [`${scenario}: not tried`]
    if (result.outcome === "passed") return []
    const failed = result.checks.filter(({ status }) => status === "FAILURE")
    if (failed.length === 0) return [`${scenario}: ${result.outcome}, nothing was checked`]
    return failed.map(({ id, errorMessage, description }) =>
      `${scenario}: ${id}: ${errorMessage ?? description ?? "failed"}`.replaceAll("\n", " "),
    )
  })
