import { type FSWatcher, watch } from "node:fs"
import { open, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { type DocumentSource, decoded, type ReadDocument, type Watch } from "./source.ts"

/** A document in a file, which other programs replace as they like. */
export interface FileSource extends DocumentSource {
  /**
   * The file's text, without a byte order mark. Rejects with an Error whose message says why it cannot be had: not
   * there, not a file, too large, not UTF-8; with {@link Unreadable}, where there is more to say.
   */
  read(): Promise<ReadDocument>
  /**
   * Calls back when the file has changed: written in place, replaced, removed, or reached through a link that was moved,
   * as Kubernetes does with ConfigMaps. Bursts are one call. What changed is for {@link read} to say. Resolves when
   * no later change can be missed.
   */
  watch(changed: () => void): Promise<Watch>
}

export interface FileSourceOptions extends WatchOptions {
  readonly bytesMax: number
}

export interface WatchOptions {
  /** A change counts when the file then stayed as it is for this long: writers take several steps. */
  readonly settleMs?: number
  /** Look at the file this often, too: network file systems and links further up send no signs. */
  readonly pollMs?: number
}

export function fileSource(file: string, { bytesMax, ...options }: FileSourceOptions): FileSource {
  return {
    file,
    read: async () => ({ text: await readText(file, bytesMax), provenance: { file } }),
    watch: (changed) => watchFile(file, changed, options),
  }
}

/** As {@link FileSource.watch}. */
export async function watchFile(
  file: string,
  changed: () => void,
  { settleMs = 100, pollMs = 1_000 }: WatchOptions = {},
): Promise<Watch> {
  const watching = new DirectoryWatch(file, { changed, settleMs, pollMs })
  await watching.look()
  return watching
}

async function readText(file: string, bytesMax: number): Promise<string> {
  const found = await stat(file)
  if (!found.isFile()) throw new Error(`${file} is not a file`) // opening a pipe would wait for its writer
  await using handle = await open(file, "r")
  const { size } = await handle.stat()
  if (size > bytesMax) throw new RangeError(`${size} bytes; at most ${bytesMax} are read`)
  const bytes = await handle.readFile()
  if (bytes.length > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`) // it grew meanwhile
  return decoded(bytes)
}

/** A file that never comes to rest is looked at all the same after this many looks. */
const restlessMax = 10

/**
 * Watches the folder, since a watch on the file itself goes deaf when the file is replaced, and compares what stands
 * there from time to time, since the folder may itself be replaced or be away for a moment. A sign of change is only a
 * reason to look: other files of the folder may be written all the time.
 */
class DirectoryWatch implements Watch {
  readonly #file: string
  readonly #changed: () => void
  readonly #settleMs: number
  readonly #poll: NodeJS.Timeout
  #watcher: FSWatcher | undefined
  /** Identities: of the folder that is watched, of the file when last looked at, and when last reported. */
  #watched: string | undefined
  #seen: string | undefined
  #reported: string | undefined
  #restless = 0
  #isLooking = false
  #next: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(
    file: string,
    options: {
      readonly changed: () => void
      readonly settleMs: number
      readonly pollMs: number
    },
  ) {
    this.#file = file
    this.#changed = options.changed
    this.#settleMs = options.settleMs
    this.#poll = setInterval(() => void this.look(), options.pollMs)
    this.#poll.unref()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#poll)
    clearTimeout(this.#next)
    this.#forget()
  }

  /** Compares the file and its folder with what they were, and watches the folder where it is another one. */
  async look(): Promise<void> {
    if (this.#isLooking) return this.#lookSoon()
    this.#isLooking = true
    const folder = await identity(dirname(this.#file), "folder")
    if (!this.#isClosed && folder !== this.#watched) this.#watchFolder(folder)
    const found = await identity(this.#file, "content")
    this.#isLooking = false
    if (!this.#isClosed) this.#compare(found)
  }

  #compare(found: string): void {
    this.#reported ??= found // the first look
    const isAtRest = found === this.#seen || this.#restless >= restlessMax
    this.#seen = found
    if (found === this.#reported) this.#restless = 0
    else if (isAtRest) {
      this.#restless = 0
      this.#reported = found
      this.#changed()
    } else {
      this.#restless++
      this.#lookSoon()
    }
  }

  #lookSoon(): void {
    if (this.#isClosed || this.#next !== undefined) return
    this.#next = setTimeout(() => {
      this.#next = undefined
      void this.look()
    }, this.#settleMs)
    this.#next.unref()
  }

  #watchFolder(folder: string): void {
    this.#forget()
    if (folder === gone) return
    try {
      this.#watcher = watch(dirname(this.#file), { persistent: false }, () => this.#signed())
      this.#watcher.on("error", () => this.#forget()) // such as its removal; the next look finds it again
      this.#watched = folder
    } catch {
      this.#forget() // gone between the two calls, or no watches left: looking goes on
    }
  }

  /** Hears no further signs until the look that this one causes: an audit in the same folder gives one with each write. */
  #signed(): void {
    this.#forget()
    this.#lookSoon()
  }

  #forget(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#watched = undefined
  }
}

const gone = "gone"

/** What tells one state of a path from another, through all links; `gone` where it cannot be looked at. */
async function identity(path: string, of: "folder" | "content"): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path)
    return of === "folder" ? `${dev}:${ino}` : `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`
  } catch {
    return gone // the reader says why; here it only matters that it is another state
  }
}
