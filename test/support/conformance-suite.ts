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

/** What a revision asks of a server: scenarios that must pass, and those that are run and count for nothing. */
export interface Requirements {
  readonly required: readonly string[]
  readonly unscored: readonly string[]
}

const suite = join(import.meta.dirname, "../../node_modules/@modelcontextprotocol/conformance")
const command = join(suite, "dist/index.js")
const RequirementsFile = z.object({
  server: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.string() })),
})

export function requirementsOf(revision: Revision): Requirements {
  const file = join(suite, `requirements/${revision}.yaml`)
  const { server, not_scored } = RequirementsFile.parse(parse(readFileSync(file, "utf8")))
  const unscored = not_scored.filter(({ leg }) => leg === "server")
  return { required: server, unscored: unscored.map(({ scenario }) => scenario) }
}

/** Tries all that a revision asks of a server, and what it only reports. */
export const runSuite = (url: string, revision: Revision): Promise<SuiteResult> =>
  runCommand(["server", "--url", url, "--requirements", revision])

/** Tries single scenarios, as a revision words them. */
export async function runScenarios(
  url: string,
  revision: Revision,
  scenarios: readonly string[],
): Promise<SuiteResult> {
  const runs = scenarios.map((scenario) =>
    runCommand([
      "server",
      "--url",
      url,
      "--spec-version",
      revision,
      "--scenario",
      scenario,
      "--force",
    ]),
  )
  return new Map((await Promise.all(runs)).flatMap((results) => [...results]))
}

/** Rejects when the suite did not try anything, with what it printed. */
async function runCommand(args: readonly string[]): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "postern-conformance-"))
  try {
    const child = spawn(process.execPath, [command, ...args, "--output-dir", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    const [printed, complaints] = await Promise.all([
      read(child.stdout),
      read(child.stderr),
      once(child, "close"),
    ])
    const results = readdirSync(folder).flatMap((name) => resultIn(folder, name) ?? [])
    if (results.length === 0) throw new Error(`the suite tried nothing: ${complaints}${printed}`)
    return new Map(results.map((result) => [result.scenario, result]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder is named `server-<scenario>-<time>`. Without a file of checks the scenario came to no end. */
function resultIn(folder: string, name: string): ScenarioResult | undefined {
  const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1]
  if (scenario === undefined) return undefined
  const file = readdirSync(join(folder, name)).find((one) => one === "checks.json")
  if (file === undefined) return { scenario, outcome: "failed", checks: [] }
  const checks = z.array(Check).parse(JSON.parse(readFileSync(join(folder, name, file), "utf8")))
  return { scenario, outcome: outcomeOf(checks), checks }
}

function outcomeOf(checks: readonly Check[]): ScenarioResult["outcome"] {
  if (checks.some(({ status }) => status === "FAILURE")) return "failed"
  return checks.some(({ status }) => status === "SUCCESS") ? "passed" : "vacuous"
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
