import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export const project = join(import.meta.dirname, "../..")

/** Every page that users read, relative to the project. */
export const pages: readonly string[] = globSync(
  [
    "README.md",
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "docs/**/*.md",
    "examples/**/*.md",
  ],
  { cwd: project },
).sort()

export const read = (page: string): string => readFileSync(join(project, page), "utf8")

/** A fenced block of a page. */
export interface Block {
  /** Of the line of its first fence; counts from 1. */
  readonly line: number
  /** The first word after the fence, and the words behind it. */
  readonly language: string
  readonly marks: readonly string[]
  /** With its last newline, without the fences. */
  readonly text: string
}

const fenced = /^(`{3,})([^\n`]*)\n([\s\S]*?)^\1$/gm

export const blocks = (page: string): Block[] => {
  const text = read(page)
  return [...text.matchAll(fenced)].map(({ 2: info = "", 3: inner = "", index }) => {
    const [language = "", ...marks] = info.trim().split(/\s+/)
    return { line: text.slice(0, index).split("\n").length, language, marks, text: inner }
  })
}

/** A page that is made by a program: as it is written and as it is made; UPDATE=1 writes it first. */
export function generated(page: string, made: string): { written: string; made: string } {
  if (process.env["UPDATE"]) writeFileSync(join(project, page), made)
  return { written: read(page), made }
}

/** The cells of the tables of a page whose first cell is code: that name, then the others as they are written. */
export const rows = (text: string): { name: string; cells: string[] }[] =>
  [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(({ 1: name = "", 2: rest = "" }) => ({
    name,
    cells: rest.split(/(?<!\\) \| /),
  }))
