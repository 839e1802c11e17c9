import { spawn } from "node:child_process"
import { once } from "node:events"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { isObject, type JsonObject } from "../../src/schema/json.ts"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** The browser of this machine, if it has one: `CHROME`, or one of the usual names in PATH. */
export const browserPath: string | undefined =
  process.env["CHROME"] ??
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable)

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const quiet = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** One page of a real browser, by the Chrome DevTools Protocol. */
export interface Page {
  open(url: string): Promise<void>
  /** The value of an expression in the page, as JSON. */
  evaluate(expression: string): Promise<unknown>
  moveTo(x: number, y: number): Promise<void>
  /** What the page logged as an error. */
  readonly errors: readonly string[]
  close(): Promise<void>
}

export async function openBrowser(path: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "postern-browser-"))
  const flags = [...quiet, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"]
  const child = spawn(path, flags, { stdio: ["ignore", "ignore", "pipe"] })
  const gone = once(child, "exit")
  const socket = new WebSocket(await addressIn(child.stderr))
  await once(socket, "open")
  const errors: string[] = []
  const waiting = new Map<number, (message: JsonObject) => void>()
  const events = new Map<string, () => void>()
  socket.addEventListener("message", ({ data }) => {
    const message: unknown = JSON.parse(String(data))
    if (!isObject(message)) return
    if (typeof message["id"] === "number") waiting.get(message["id"])?.(message)
    const method = String(message["method"])
    if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
      errors.push(JSON.stringify(message["params"]))
    events.get(method)?.()
  })
  let id = 0
  let session: string | undefined
  const ask = async (method: string, params: JsonObject = {}): Promise<JsonObject> => {
    const asked = ++id
    const answer = Promise.withResolvers<JsonObject>()
    waiting.set(asked, answer.resolve)
    const of = session === undefined ? {} : { sessionId: session }
    socket.send(JSON.stringify({ id: asked, method, params, ...of }))
    const { result, error } = await answer.promise
    if (!isObject(result)) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
  const { targetId = "" } = await ask("Target.createTarget", { url: "about:blank" })
  const attached = await ask("Target.attachToTarget", { targetId, flatten: true })
  session = String(attached["sessionId"])
  for (const domain of ["Page", "Runtime", "Log"]) await ask(`${domain}.enable`)
  return {
    errors,
    async open(url) {
      const loaded = new Promise<void>((resolve) => events.set("Page.loadEventFired", resolve))
      await ask("Page.navigate", { url })
      await loaded
    },
    async evaluate(expression) {
      const answer = await ask("Runtime.evaluate", {
        expression,
        returnByValue: true,
        awaitPromise: true,
      })
      const { result, exceptionDetails } = answer
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return isObject(result) ? result["value"] : undefined
    },
    async moveTo(x, y) {
      await ask("Input.dispatchMouseEvent", { type: "mouseMoved", x, y })
    },
    async close() {
      socket.close()
      child.kill()
      await gone
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Where the browser listens; it says so on stderr. */
function addressIn(stderr: NodeJS.ReadableStream): Promise<string> {
  const found = Promise.withResolvers<string>()
  let said = ""
  stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text
    const [, address] = /DevTools listening on (\S+)/.exec(said) ?? []
    if (address !== undefined) found.resolve(address)
  })
  stderr.on("end", () => found.reject(new Error(`the browser ended: ${said}`)))
  return found.promise
}
