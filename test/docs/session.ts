import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { executable } from "../../examples/support/gateway.ts"
import { run as runCommand } from "../../src/cli/cli.ts"
import { project } from "./pages.ts"

/** What a reader types, and what the page says comes of it. */
export interface Typed {
  /** Without the prompt and without the remark behind it. */
  readonly command: string
  /** 0, unless the line ends with `# exit 1`. */
  readonly exit: number
  /** As the line is written. */
  readonly line: string
  /** Undefined where the page shows no output. */
  readonly output: string | undefined
}

const prefix = "npm run -s postern -- "

/** The commands of a block: all of its lines in `sh`, those behind a prompt in `console`. */
export function typedIn(language: string, text: string): Typed[] {
  if (language === "sh")
    return text
      .split("\n")
      .filter((line) => line.startsWith(prefix))
      .map((line) => typed(line, undefined))
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf("\n")
      return typed(part.slice(0, end), part.slice(end + 1))
    })
}

function typed(line: string, output: string | undefined): Typed {
  const [, command = line, exit = "0"] = /^(.*?)\s+# exit (\d)$/.exec(line) ?? []
  return { command, exit: Number(exit), line, output }
}

/** A folder in which a reader could stand: a copy of `config/` to change, and the rest of the project. */
export function makeWorld(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "postern-docs-"))
  cpSync(join(project, "config"), join(folder, "config"), { recursive: true })
  for (const name of ["node_modules", "examples", "package.json"])
    symlinkSync(join(project, name), join(folder, name))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

interface Ran {
  readonly exit: number
  /** What it printed on both streams, in the order of arrival. */
  readonly output: string
}

/** Runs one line as `npm run -s postern --` would. */
export async function run(
  { command }: Typed,
  { cwd, url }: { readonly cwd: string; readonly url: string },
): Promise<Ran> {
  const { args, env } = read(command, url)
  const child = spawn(process.execPath, [executable, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk
    })
  const [code] = await once(child, "close")
  return { exit: Number(code), output: asOnPage(output, url) }
}

/** The same without a process of its own: in this one, which stands where the reader would. */
export async function runHere({ command }: Typed, url: string): Promise<Ran> {
  const { args, env } = read(command, url)
  let output = ""
  const both = {
    write(text: string) {
      output += text
    },
  }
  const exit = await runCommand(args, { out: both, err: both, env })
  return { exit, output: asOnPage(output, url) }
}

function read(command: string, url: string) {
  const [, variables = "", line = ""] = /^((?:[A-Z_]+=\S+ )*)(.*)$/.exec(command) ?? []
  if (!line.startsWith(prefix)) throw new Error(`no command of postern: ${command}`)
  const set = Object.fromEntries(
    [...variables.matchAll(/(\w+)=(\S+) /g)].map((one) => one.slice(1)),
  )
  const env = { ...process.env, ...set, POSTERN_URL: url, NO_COLOR: "1" }
  return { args: words(line.slice(prefix.length)), env }
}

const asOnPage = (output: string, url: string) =>
  output.replaceAll(url, "http://127.0.0.1:3000/mcp")

/** The words of a line, with the two kinds of quotes; no other magic of a shell. */
const words = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replace(
      /'([^']*)'|"([^"]*)"/g,
      (_, single?: string, double?: string) => single ?? double ?? "",
    ),
  )

/** What the page should show: what it shows, where `…` stands for whatever is there, or else the real output. */
export function shown(expected: string, actual: string): string {
  const pattern = expected
    .split(/^[ \t]*…\n/m)
    .map((part) => part.split("…").map(RegExp.escape).join(".*"))
    .join("(?:.*\\n)*")
  return new RegExp(`^${pattern}$`).test(actual) ? expected : actual
}

/** A page with its outputs as they are; the same command may stand in it more than once, so they go in order. */
export function withOutputs(
  text: string,
  done: readonly { readonly typed: Typed; readonly actual: string }[],
): string {
  let made = ""
  let rest = text
  for (const { typed, actual } of done) {
    if (typed.output === undefined) continue
    const written = `$ ${typed.line}\n${typed.output}`
    const at = rest.indexOf(written)
    if (at === -1) throw new Error(`not in the page: ${written}`)
    made += `${rest.slice(0, at)}$ ${typed.line}\n${shown(typed.output, actual)}`
    rest = rest.slice(at + written.length)
  }
  return made + rest
}
