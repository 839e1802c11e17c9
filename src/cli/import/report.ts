import type {
  Change,
  DefinitionChanged,
  ToolAdded,
  ToolGone,
} from "../../portable/import/change.ts"
import { type Ref, refKey, written } from "../../registry/model.ts"
import type { FieldChange } from "../../registry/pins/field-diff.ts"
import type { HiddenText } from "../../registry/pins/hidden-text.ts"
import type { Io } from "../command.ts"
import { counted } from "../counted.ts"
import { type Proposal, type Result, unsetVariables } from "./result.ts"
import type { Settled } from "./settle.ts"

/** How many of many are shown; `--json` has them all. */
const toolsMax = 12
const fieldsMax = 20

/** What changes in the registry, as lines: `+` added, `~` changed, `-` gone, `!` to be looked at. */
export function changeLines(changes: readonly Change[]): string[] {
  const groups = Map.groupBy(changes, (change) =>
    change.kind === "tool_added" ? refKey(change.server.name, change.server.version) : change,
  )
  return [...groups.values()].flatMap(groupLines)
}

/** The new tools of a server are told together. */
function groupLines(group: readonly Change[]): string[] {
  const added = group.filter((change) => change.kind === "tool_added")
  return added.length > 0 ? addedLines(added) : group.flatMap(lineOf)
}

function lineOf(change: Change): string[] {
  switch (change.kind) {
    case "server_added":
      return [
        `+ server ${written(change.server)}, ${counted(change.tools)}`,
        ...hiddenLines(change.server, change.hidden, "; it is not pinned"),
      ]
    case "server_moved":
      return [
        `~ server ${change.server.name}: version ${change.from} gives way to ${change.server.version}`,
      ]
    case "words_changed":
      return [
        `~ ${written(change.server)} says something else of itself`,
        ...change.fields.flatMap(fieldLines),
        ...hiddenLines(change.server, change.hidden, "; it is not pinned"),
      ]
    case "tool_added":
      return addedLines([change])
    case "definition_changed":
      return changedLines(change)
    case "tool_gone":
      return goneLines(change)
    case "agent_added":
      return [
        `+ agent ${written(change.agent)}, a skeleton: may call ${counted(change.tools)}`,
        ...tooMany(change.left),
      ]
    case "agent_extended":
      return [
        `~ agent ${written(change.agent)}: may call ${counted(change.tools)} more`,
        ...tooMany(change.left),
      ]
  }
}

const tooMany = (left: number): string[] =>
  left === 0
    ? []
    : [`! ${counted(left)} more than one agent may depend on: name another with --agent`]

function addedLines(added: readonly ToolAdded[]): string[] {
  const [first] = added
  if (first === undefined) return []
  const names = added.map(({ tool }) => written(tool))
  const renamed = added.filter(({ on, tool }) => tool.name !== on)
  return [
    `+ tools of ${written(first.server)}: ${few(names).join(", ")}`,
    ...few(renamed.map(({ on, tool }) => `${on} is registered as ${tool.name}`)).map(indented),
    ...added.flatMap(({ hidden, tool }) => hiddenLines(tool, hidden, "; no agent is given it")),
  ]
}

const indented = (line: string) => `    ${line}`

/** The first of many, and how many more there are. */
const few = (lines: readonly string[]): readonly string[] =>
  lines.length <= toolsMax
    ? lines
    : [...lines.slice(0, toolsMax), `… and ${lines.length - toolsMax} more`]

function changedLines(change: DefinitionChanged): string[] {
  const { driftOf, fields, fit, hidden, isPinned, kept, on, server } = change
  const how = driftOf === undefined ? "" : `, and its server still says it is version ${driftOf}`
  const what = isPinned
    ? `is not what it was${fit === undefined ? "" : ` (${fit})`}${how}`
    : "is not what the registry says"
  return [
    `~ ${on} of ${written(server)} ${what}`,
    ...fields.slice(0, fieldsMax).flatMap(fieldLines),
    ...(fields.length > fieldsMax ? [`      … and ${fields.length - fieldsMax} more places`] : []),
    ...(kept.length > 0 ? [`      stays as you wrote it: ${kept.join(", ")}`] : []),
    ...hiddenLines(
      { name: on },
      hidden,
      `; it is not taken: see postern lock approve ${server.name}`,
    ),
  ]
}

const fieldLines = ({ after, at, before }: FieldChange): string[] => [
  `      ${at}`,
  ...(before === undefined ? [] : [`      - ${before}`]),
  ...(after === undefined ? [] : [`      + ${after}`]),
]

function hiddenLines(tool: Ref, hidden: readonly HiddenText[], so: string): string[] {
  return hidden.map(({ at, what }) => `! ${written(tool)} hides text in ${at}: ${what}${so}`)
}

function goneLines({ isPruned, on, perhaps, server, tools }: ToolGone): string[] {
  const drawn = tools.length === 0 ? "" : ` (${tools.map(written).join(", ")})`
  const what = isPruned ? "is taken out" : "stays; --prune takes it out"
  const guess = perhaps === undefined ? "" : `; it may be called ${perhaps} now`
  return [`- ${on} of ${written(server)}${drawn} is not listed any more${guess}: ${what}`]
}

/** What is not as it was asked for, and what else to know. */
export function remarkLines({ found, left }: Proposal, { refused }: Settled): string[] {
  return [
    ...left.map(({ isFine, name, why }) => `${isFine ? "  " : "! "}${name} is left out: ${why}`),
    ...refused.map(({ on, server, why }) => `! ${on} of ${server} is left out: ${why}`),
    ...found.servers.flatMap(({ candidate, notes, server }) => [
      ...notes.map((note) => `! ${server.name} ${note}`),
      ...(candidate.differs
        ? [
            `  ${server.name} stays where the configuration has it; ${candidate.from} says otherwise`,
          ]
        : []),
    ]),
  ]
}

/** What was written, and what to do next. */
export function closingLines(result: Result, io: Io): string[] {
  const { all, isAccepted, isDry, isWritten, settled, texts } = result
  const files = [texts.registry, texts.config, texts.lock].filter(
    ({ next, text }) => next !== text && next !== "",
  )
  const unset = unsetVariables(result, io)
  return [
    ...texts.servers.add.map(({ key }) => `+ ${texts.config.file}: ${key}`),
    ...texts.servers.rename.map(({ from, to }) => `~ ${texts.config.file}: ${from} is ${to} now`),
    ...(files.length === 0 ? ["nothing to write"] : []),
    ...(files.length > 0 && isDry ? [`would write ${listed(files)}`] : []),
    ...(files.length > 0 && isWritten ? [`wrote ${listed(files)}`] : []),
    ...(isAccepted
      ? []
      : [
          `what was there stays as it was: ${all.problems.length === 0 ? "--yes writes the changes, too" : "the changes would break the registry"}`,
        ]),
    ...(isWritten && isNobodys(settled) ? [nobodys] : []),
    ...(unset.length > 0 ? ["set these before you serve:"] : []),
    ...unset.map(({ name, use }) => `  ${name}  ${use}`),
  ]
}

/** New tools, and no agent that is given them. */
const isNobodys = ({ changes }: Settled): boolean =>
  changes.some(({ kind }) => kind === "tool_added") &&
  changes.every(({ kind }) => kind !== "agent_added" && kind !== "agent_extended")

const nobodys = "no agent may call the new tools yet: add them to depends, or import with --agent"

const listed = (files: readonly { readonly file: string }[]) =>
  files.map(({ file }) => file).join(", ")
