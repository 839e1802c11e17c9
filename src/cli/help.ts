import type { Command } from "./command.ts"

/** `postern help`: every command with its summary. */
export function overview(commands: readonly Command[]): string {
  return `postern — an agent may call what its SBOM declares, and nothing else

${summaries(commands)}

postern COMMAND --help says more. Exit code: 0 fine, 1 problems found, 2 wrong usage.
`
}

/** `postern runs --help`: the commands whose name begins with that word. */
export function groupHelp(group: string, commands: readonly Command[]): string {
  const own = commands.filter(({ name }) => name.startsWith(`${group} `))
  return `postern ${group} COMMAND

${summaries(own)}

postern ${group} COMMAND --help says more.
`
}

function summaries(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => call(command).length))
  return commands
    .map((command) => `  ${call(command).padEnd(width)}  ${command.summary}`)
    .join("\n")
}

const call = (command: Command) => `${command.name} ${command.arguments}`.trim()

/** `postern COMMAND --help`. */
export function commandHelp(command: Command): string {
  const rows = optionRows(command)
  const width = Math.max(0, ...rows.map(([option]) => option.length))
  const options = rows.map(([option, summary]) => `  ${option.padEnd(width)}  ${summary}\n`)
  return `postern ${call(command)}${rows.length > 0 ? " [OPTIONS]" : ""}

${command.summary}.

${options.join("")}${options.length > 0 ? "\n" : ""}${command.details.trim()}
`
}

function optionRows(command: Command): [string, string][] {
  return Object.entries(command.options).map(([name, { short, value, summary, multiple }]) => {
    const long = `--${name}${value === undefined ? "" : ` ${value}`}`
    return [
      `${short === undefined ? "" : `-${short}, `}${long}`,
      `${summary}${multiple ? " (may repeat)" : ""}`,
    ]
  })
}

/** docs/reference/cli.md, whole; a test holds the file to it. */
export function cliReference(commands: readonly Command[]): string {
  const sections = commands.map(
    (command) => `## postern ${command.name}\n\n\`\`\`text\n${commandHelp(command)}\`\`\`\n`,
  )
  return `---
shape: reference
---
# Command line

In a checkout: \`npm run -s postern -- COMMAND\`. Installed: \`npx postern COMMAND\`. Every command exits with 0 when all is
fine, 1 when it found problems, 2 when it was used wrongly.

${sections.join("\n")}`
}
