/**
 * The house rules of src/ as data and one pure function. `test/house.test.ts` applies them to the real tree and to
 * planted violations, because a checker that reads nothing reports nothing.
 */

/** Each room and the rooms it may import, besides itself. A room may name only rooms above it: no cycles. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  registry: ["schema"],
  compose: ["registry", "schema"],
  call: ["registry", "schema", "compose"],
  mcp: ["registry", "schema", "call"],
  a2a: ["registry", "schema", "call"],
  portable: ["registry", "schema"],
  dsl: ["registry"],
  store: ["registry", "compose"],
  service: ["registry", "schema", "portable", "store"],
  server: "schema registry compose call mcp a2a portable dsl store service".split(" "),
  cli: "schema registry compose call mcp a2a portable dsl store service server".split(" "),
}

/** Parts of one room that know nothing of each other: what both need stands beside them. */
const apart: readonly (readonly [string, string])[] = [["mcp/face/", "mcp/backend/"]]

/** The files that stand in src/ itself: the executable, and what the package exports. */
const doors: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  "index.ts": ["schema", "registry", "compose", "portable", "dsl"],
}

/** Who may import a package. One that is not here may be imported by nobody: adding it is a decision. */
export const owners: Readonly<Record<string, readonly string[]>> = {
  "@a2a-js/sdk": ["a2a"],
  "@marcbachmann/cel-js": ["registry", "compose"], // registry: expressions are checked when they are registered
  "@modelcontextprotocol/client": ["mcp"],
  "@modelcontextprotocol/core": ["mcp"],
  "@modelcontextprotocol/server": ["mcp"],
  ajv: ["schema"],
  "ajv-formats": ["schema"],
  // Two files: all that is believed of a token is decided in the first, and of a signed registry document in the second,
  // which stands where keys and configuration meet: a source of documents has no word in what is believed of them.
  jose: ["call/jwt.ts", "server/registry/signature.ts"],
  "ipaddr.js": ["call"],
  "json-p3": ["registry", "compose"], // registry: paths are checked when they are registered
  "node:sqlite": ["store"],
  pg: ["store"],
  pino: ["server"],
  re2js: ["schema"],
  undici: ["mcp", "a2a", "store"],
  yaml: ["server"],
  zod: ["server"],
}

/** Rooms without clock, chance, network, file system or process: what they need comes in as an argument. */
const pure: readonly string[] = ["schema", "registry", "compose", "portable", "dsl"]
/** node:crypto for digests (its randomness is impure, below); node:vm for the time box around a validator. */
const pureBuiltins = ["node:assert", "node:crypto", "node:vm"]
const impure =
  /(?<![\w.])(?:Date\.now|new Date\(\)|performance\.|Math\.random|fetch\(|set(?:Timeout|Interval|Immediate)\(|process\.|globalThis\.)|\b(?:randomUUID|randomBytes|randomInt|getRandomValues)\b/

/** Proofs, and the one file that makes them: a cast to one anywhere else is a forgery. */
const minted: Readonly<Record<string, string>> = {
  Permit: "call/permit.ts",
  Reach: "call/permit.ts",
}

export const linesMax = 400
export const linesMedianMax = 110

/** As `wc -l` counts. */
export const countLines = (source: string): number => source.split("\n").length - 1

/** One file of src/, and what the checks look at. */
interface File {
  /** Relative to src/, with `/`. */
  readonly path: string
  /** Undefined for a door. */
  readonly room: string | undefined
  readonly mayImport: readonly string[]
  readonly lines: number
  /** The source with comments blanked, and `bare` with strings blanked, too; line for line. */
  readonly code: string
  readonly bare: string
}

/** What is wrong with one file of src/: a line for each finding, none when it is sound. */
export function violations(path: string, source: string): string[] {
  const room = path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined
  const mayImport = room === undefined ? doors[path] : rooms[room]
  if (mayImport === undefined)
    return [`${path}: no such room or door; name it in test/house/rules.ts`]
  const code = blankComments(source)
  const bare = blankStrings(code)
  const file: File = { path, room, mayImport, lines: countLines(source), code, bare }
  return [wrongImports, barrel, impurities, forgeries, length].flatMap((check) => check(file))
}

function wrongImports(file: File): string[] {
  return [...imports(file.code)].flatMap(({ line, target }) => {
    const wrong = target.startsWith(".") ? wrongRoom(file, target) : wrongPackage(file, target)
    return wrong === undefined ? [] : [`${file.path}:${line}: imports ${wrong}`]
  })
}

function wrongRoom({ path, room, mayImport }: File, target: string): string | undefined {
  const resolved = resolve(path, target)
  const [to = "", ...rest] = resolved
  if (to === "..") return `${target}, which is outside src/`
  if (room !== undefined && rest.length === 0) return `${to}; doors are not imported`
  const place = resolved.join("/")
  const other = apart
    .flatMap(([one, two]) => [[one, two] as const, [two, one] as const])
    .find(([mine, theirs]) => path.startsWith(mine) && place.startsWith(theirs))
  if (other !== undefined) return `${other[1]}; ${other[0]} knows nothing of it`
  if (to === room || mayImport.includes(to)) return
  return `${to}/; ${room ?? path} may import ${mayImport.join(", ") || "no room"}`
}

function wrongPackage({ path, room }: File, target: string): string | undefined {
  const name = packageName(target)
  const allowed = owners[name]
  if (allowed !== undefined) {
    const isMine = allowed.some((owner) => owner === room || owner === path)
    return isMine ? undefined : `${name}, which belongs to ${allowed.join(", ")}`
  }
  if (!name.startsWith("node:")) return `${name}, which has no owner in test/house/rules.ts`
  if (isPure(room) && !pureBuiltins.includes(name)) return `${name}; ${room}/ is pure`
  return
}

function barrel({ path, room }: File): string[] {
  if (room === undefined || !path.endsWith("/index.ts")) return []
  return [`${path}: no barrels inside a room; import the file that holds the thing`]
}

function impurities({ path, room, bare }: File): string[] {
  if (!isPure(room)) return []
  return bare.split("\n").flatMap((text, index) => {
    const word = impure.exec(text)?.[0]
    const place = `${path}:${index + 1}`
    return word ? [`${place}: ${room}/ is pure, so no ${word}; take it as an argument`] : []
  })
}

function forgeries({ path, bare }: File): string[] {
  const forged = Object.entries(minted).filter(
    ([proof, mint]) => path !== mint && new RegExp(`\\bas ${proof}\\b`).test(bare),
  )
  return forged.map(([proof, mint]) => `${path}: casts to ${proof}; only ${mint} makes one`)
}

function length({ path, lines }: File): string[] {
  if (lines <= linesMax) return []
  return [`${path}: ${lines} lines; at most ${linesMax}, split it by what it does`]
}

const isPure = (room: string | undefined) => room !== undefined && pure.includes(room)

/** The segments of what `path` means by `target`, from src/; the first is ".." when it leaves src/. */
function resolve(path: string, target: string): string[] {
  const out = path.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "..") {
      if (out.pop() === undefined) return [".."]
    } else if (part !== ".") out.push(part)
  }
  return out
}

function packageName(target: string): string {
  if (target.startsWith("node:")) return target
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/")
}

const specifier =
  /(?:^|[;}])\s*(?:import|export)\b(?:[^"'`;()=]*?\bfrom)?\s*["']([^"']+)["']|\b(?:import|require)\s*\(\s*["'`]([^"'`]+)["'`]/gm

function* imports(code: string): Generator<{ line: number; target: string }> {
  for (const match of code.matchAll(specifier)) {
    const target = match[1] ?? match[2] ?? ""
    const line = code.slice(0, match.index + match[0].lastIndexOf(target)).split("\n").length
    yield { line, target }
  }
}

const token =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g
const blank = (text: string) => text.replace(/[^\n]/g, " ")
const blankComments = (source: string) =>
  source.replace(token, (t) => (t.startsWith("/") ? blank(t) : t))
const blankStrings = (source: string) =>
  source.replace(token, (t) => (t.startsWith("/") ? t : blank(t)))
