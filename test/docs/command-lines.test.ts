import { expect, test } from "vitest"
import { allCommands } from "../../src/cli/commands.ts"
import { pages, read } from "./pages.ts"

const all = new Map((await allCommands()).map((command) => [command.name, command]))

/** What follows `postern` where a reader would type it: after a prompt, alone on a line of a block (also of a list), in code within a sentence. */
function* commandLines(text: string): Generator<string> {
  const fences = /^ *```(?:sh|text|console)\b.*\n([\s\S]*?)^ *```$/gm
  const typed = /^ *(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx postern|npm run -s postern --) (\w.*)$/gm
  const spoken = /`(?:npm run -s postern --|npx postern|postern) ([a-z][^`]*)`/g
  const shell = /^ *```sh\b.*\n([\s\S]*?)^ *```$/gm
  for (const [, block = ""] of text.matchAll(fences))
    for (const [, line = ""] of block.matchAll(typed)) yield line
  for (const [, block = ""] of text.matchAll(shell))
    for (const [, line = ""] of block.matchAll(/^ *postern (\w.*)$/gm)) yield line
  for (const [, line = ""] of text.replaceAll(fences, "").matchAll(spoken)) yield line
}

/** What the command line does not know: the command, or options of it. */
function unknown(line: string): string[] {
  const words = line.replaceAll(/'[^']*'|"[^"]*"/g, "…").split(/\s+/)
  const command = all.get(words.slice(0, 2).join(" ")) ?? all.get(words[0] ?? "")
  if (command === undefined) return isGroup(words[0] ?? "") ? [] : [`postern ${words[0]}`]
  return words
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.slice(2).replace(/[=,.;].*$/, ""))
    .filter((name) => name !== "help" && !Object.hasOwn(command.options, name))
    .map((name) => `postern ${command.name} --${name}`)
}

/** `postern audit` and the like are spoken of as a whole; these two words are no commands of the table. */
const isGroup = (word: string) =>
  word === "help" ||
  word === "version" ||
  [...all.keys()].some((name) => name.startsWith(`${word} `))

test("what pages say to type are commands that there are, with options that they have", () => {
  const lines = pages.flatMap((page) =>
    [...commandLines(read(page))].map((line) => ({ page, line })),
  )
  expect(lines.length).toBeGreaterThan(100)
  expect(
    lines.flatMap(({ page, line }) => unknown(line).map((what) => `${page}: ${what}`)),
  ).toEqual([])
})

test("the page of the benches has each that can be asked for", () => {
  const asked = [...read("bench/run.ts").matchAll(/wanted\.has\("(\w+)"\)/g)]
  expect(asked.length).toBeGreaterThan(5)
  const page = read("docs/how-to/run-the-benches.md")
  for (const [, name] of asked) expect(page).toContain(`\`${name}\``)
})

test("a command that there is not is found wherever it is written", () => {
  const text =
    "1. Do\n\n   ```sh\n   postern cal x --as y\n   ```\n\nand `postern call x --as y`.\n"
  expect([...commandLines(text)].flatMap(unknown)).toEqual(["postern cal", "postern call --as"])
})
