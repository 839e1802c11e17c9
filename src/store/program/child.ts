import { writeSync } from "node:fs"
import { registerHooks } from "node:module"
import { type Places, placesOf } from "../../registry/read/places.ts"
import { pathOf } from "../../registry/read/stack.ts"
import type { Report, WrittenPlace } from "./report.ts"

/*
 * What runs a registry program, in a process of its own: `node child.js PROGRAM LIBRARY`, two URLs. The document goes to
 * descriptor 3, and what is said of it to descriptor 4.
 */

const [, , program = "", library = ""] = process.argv
const ours = new URL(".", library).href
const modules = new Set<string>()

registerHooks({
  // The program is written for the Postern that reads it, wherever it lies and whatever is installed there.
  resolve: (specifier, context, next) =>
    specifier === "postern" ? { url: library, shortCircuit: true } : next(specifier, context),
  load(url, context, next) {
    const isOwn =
      url.startsWith("file:") && !url.startsWith(ours) && !url.includes("/node_modules/")
    if (isOwn) modules.add(pathOf(url))
    return next(url, context)
  },
})

// Node permits signals, and SIGUSR1 opens the debugger of the process that reads the program. Both of `_…` send signals, too.
for (const name of ["kill", "_kill", "_debugProcess"]) Reflect.deleteProperty(process, name)

try {
  const { default: exported } = (await import(program)) as { default?: unknown }
  deliver(await exported)
} catch (error) {
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error))
  report({ message: `the program failed: ${message}`, stack })
}
process.exit(0) // whatever the program left open

function deliver(exported: unknown): void {
  if (typeof exported !== "object" || exported === null) {
    const what = exported === undefined ? "exports no default" : "exports no registry document"
    report({ message: `the program ${what}; it ends with export default registry({ … })` })
    return
  }
  const places: Places = placesOf(exported)?.() ?? new Map()
  write(3, JSON.stringify(exported))
  report({}, [...places])
}

function report(said: Omit<Report, "modules">, places: readonly WrittenPlace[] = []): void {
  const report: Report = { ...said, modules: [...modules] }
  write(4, `${JSON.stringify(report)}\n${JSON.stringify(places)}`)
}

function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}
