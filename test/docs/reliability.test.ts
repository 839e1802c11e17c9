import { globSync } from "node:fs"
import { basename } from "node:path"
import { expect, test } from "vitest"
import { project, read, rows } from "./pages.ts"

/** Of each fault that is played: its number, its name, and the file without its ending. The soak has none. */
const played = globSync("test/faults/*.fault.ts", { cwd: project }).flatMap((path) =>
  [...read(path).matchAll(/number: ([1-9]\d*),\s+name: "([^"]+)"/g)].map(
    ([, number = "", name = ""]) => ({ number, name, file: basename(path, ".fault.ts") }),
  ),
)

test("the page of reliability has a row for each fault that is played, and all of the 24", () => {
  const written = rows(read("docs/explanation/reliability.md")).map(({ name, cells }) => ({
    number: name,
    name: cells[0],
    file: cells.at(-1)?.replaceAll("`", ""),
  }))
  const key = ({ number, name }: { number: string; name: string | undefined }) =>
    `${number.padStart(2)} ${name}`
  const byKey = (one: (typeof written)[number], other: (typeof written)[number]) =>
    key(one).localeCompare(key(other))
  expect(written.sort(byKey)).toEqual(played.sort(byKey))
  expect(new Set(written.map(({ number }) => number)).size).toBe(24)
})
