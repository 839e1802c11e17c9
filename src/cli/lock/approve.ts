import { relative } from "node:path"
import { digestsOf } from "../../registry/pins/definition.ts"
import { type Approval, lockOf, serverPin } from "../../registry/pins/lock.ts"
import {
  type Approved,
  driftingTools,
  type Looked,
  withApproval,
} from "../../registry/pins/update-lock.ts"
import { actorOf } from "../actor.ts"
import { type Command, type Given, type Io, UsageError } from "../command.ts"
import { counted } from "../counted.ts"
import { printableLine } from "../printable.ts"
import { driftLines } from "./drift-words.ts"
import { writeLock } from "./lock-file.ts"
import { keyOf, type Prepared, prepare, surveyOptions } from "./prepare.ts"
import { nameOf, type Surveyed } from "./survey.ts"

export const lockApprove: Command = {
  name: "lock approve",
  summary: "Accept what a server says now in the place of what was pinned",
  arguments: "SERVER [TOOL…]",
  options: {
    ...surveyOptions,
    reason: { type: "string", short: "r", value: "TEXT", summary: "why: it stands in the lock" },
    by: {
      type: "string",
      value: "NAME",
      summary: "who: it stands in the lock; otherwise POSTERN_ACTOR or the name of the user",
    },
    digest: {
      type: "string",
      value: "DIGEST",
      summary: "only if this is what the server says of the one TOOL, as it was shown before",
    },
  },
  details: `Looks at the server, shows what is accepted, and writes it to the lock with who and why: the tools named, or everything of
the server that is not as it was pinned, with what it says of itself. A gateway that runs takes it over by itself.
Exit code 1 when the server cannot be looked at, or says something else than --digest.`,
  async run(given, io) {
    const [server = "", ...tools] = given.arguments
    const approval = approvalOf(given, io)
    if (given.text("digest") !== undefined && tools.length !== 1)
      throw new UsageError("--digest: goes with one TOOL")
    const prepared = await prepare(given, io, [server])
    const [surveyed] = prepared?.surveyed ?? []
    if (prepared === undefined || surveyed === undefined || !surveyed.ok) return 1
    const wrong = whatIsWrong(surveyed, tools, given.text("digest"))
    for (const line of wrong) io.err.write(`${printableLine(line)}\n`)
    if (wrong.length > 0) return 1
    return approve(prepared, surveyed, tools.length === 0 ? "all" : tools, approval, io) ? 0 : 1
  },
}

const textMax = 1_000

function approvalOf(given: Given, io: Io): Approval {
  const by = given.text("by") ?? actorOf(io) ?? ""
  const reason = given.text("reason") ?? ""
  if (reason.trim() === "") throw new UsageError("--reason is missing: say why this is good")
  if (by.trim() === "") throw new UsageError("--by is missing: say who accepts this")
  for (const text of [by, reason])
    if (text.length > textMax || !text.isWellFormed())
      throw new UsageError(`--by and --reason: at most ${textMax} characters`)
  return { by, reason, at: new Date().toISOString() }
}

type Seen = Surveyed & Looked

/** What keeps these tools from being accepted. */
function whatIsWrong(
  { wanted, findings, listed }: Seen,
  tools: readonly string[],
  digest: string | undefined,
): string[] {
  return tools.flatMap((name) => {
    const all = listed.filter((one) => one["name"] === name)
    const said = new Set(all.map((one) => JSON.stringify(one)))
    const finding = findings.tools.get(name)
    if (all.length === 0) return [`${nameOf(wanted)} does not list ${name}`]
    if (said.size > 1)
      return [`${nameOf(wanted)} lists ${name} ${all.length} times, with different words`]
    if (finding === undefined)
      return [`the registry has no tool that is ${name} on ${nameOf(wanted)}`]
    if (digest === undefined || all.every((one) => digest === digestsOf(one)?.definition)) return []
    return [`${name} is not ${digest} now; look at it again with postern lock --check`]
  })
}

function approve(
  prepared: Prepared,
  surveyed: Seen,
  approved: Approved,
  approval: Approval,
  io: Io,
): boolean {
  const { config, lock } = prepared
  const { wanted, findings } = surveyed
  const { volatileMeta, lock: file } = config.registry
  const names = approved === "all" ? driftingTools(findings) : approved
  const words = approved === "all" ? findings.words : undefined
  if (words !== undefined) say(driftLines(nameOf(wanted), words), io)
  for (const name of names) {
    const { drift } = findings.tools.get(name) ?? {}
    const what = `${nameOf(wanted)} ${name}`
    say(drift === undefined ? [`${what}: as it was pinned`] : driftLines(what, drift), io)
  }
  const before = serverPin(lock, wanted.server)
  const pin = withApproval(surveyed, approved, approval, { volatileMeta })
  const others = lock.servers.filter((one) => one !== before && keyOf(one) !== keyOf(wanted))
  if (!writeLock(prepared, lockOf([...others, pin]), io)) return false
  const also = words === undefined ? "" : " and what it says of itself"
  io.out.write(
    `${relative("", file)}: accepted ${counted(names.length)} of ${nameOf(wanted)}${also}, by ${printableLine(approval.by)}\n`,
  )
  return true
}

const say = (lines: readonly string[], io: Io) => {
  for (const line of lines) io.out.write(`${printableLine(line)}\n`)
}
