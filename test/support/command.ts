import { run } from "../../src/cli/cli.ts"

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** One command line in this process: what the executable does but for starting. Files are found from the project's folder. */
export async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const out = collector()
  const err = collector()
  const code = await run(args, { out, err, env })
  return { code, stdout: out.text(), stderr: err.text() }
}

function collector(): { write(text: string): void; text(): string } {
  const written: string[] = []
  return { write: (text) => void written.push(text), text: () => written.join("") }
}
