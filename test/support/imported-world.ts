import { expect } from "vitest"
import { httpServer, importWorld } from "./import-world.ts"

export const importedFiles = ["registry.json", "postern.yaml", "postern.lock.json"]

export const docsInfo = (version: string) => ({ name: "docs", version })

/** A world in which `docs` was imported, and how to import it again. */
export async function imported(...tools: object[]) {
  const world = importWorld()
  const docs = await httpServer({ info: docsInfo("1.0.0"), tools })
  const offer = (version: string, ...offered: object[]) => {
    docs.is = { info: docsInfo(version), tools: offered }
  }
  const file = world.write("claude.json", { mcpServers: { docs: { url: docs.url } } })
  expect(await world.import([file])).toMatchObject({ exit: 0 })
  const again = (...args: string[]) => world.import([file, ...args])
  const edit = (name: string, change: (text: string) => string) => {
    const text = world.read(name)
    const changed = change(text)
    expect(changed).not.toBe(text)
    world.write(name, changed)
  }
  return { world, docs, offer, again, edit, file }
}
