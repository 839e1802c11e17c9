// What is published: src/ in a few files instead of some hundred, because most of a start is loading modules, and the
// types of the library beside them. Packages stay outside: they are installed, updated and licensed by themselves.
// `node scripts/build.mjs FOLDER` makes the files alone, there: tests start their gateways from them.
import { execFileSync } from "node:child_process"
import { rmSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

const root = fileURLToPath(new URL("..", import.meta.url))
const [folder = join(root, "dist")] = process.argv.slice(2)
rmSync(folder, { recursive: true, force: true }) // or a file deleted in src/ is published for ever

const bundle = await rolldown({
  cwd: root,
  input: {
    main: "src/main.ts",
    index: "src/index.ts",
    "program-child": "src/store/program/child.ts", // started as a process, where a registry is a program
    "journal-thread": "src/store/journal/sqlite/thread.ts",
  },
  platform: "node",
  external: (id) => !id.startsWith(".") && !isAbsolute(id),
})
await bundle.write({
  dir: folder,
  format: "esm",
  chunkFileNames: "chunks/[name]-[hash].js", // as deep as src/cli/version.ts, which looks for package.json from there
})
await bundle.close()

if (process.argv.length === 2) {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
    stdio: "inherit",
  })
}
