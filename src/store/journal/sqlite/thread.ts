// The thread that has the file of the run journal: whatever the disk takes, everything else of the gateway goes on.
import type { DatabaseSync } from "node:sqlite"
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import { JournalTrouble, RunLost } from "../../../compose/run/durable/journal.ts"
import { FilePlace } from "./file-place.ts"
import { GroupCommit, type Outcome } from "./group-commit.ts"
import {
  type Answer,
  type Answers,
  type Args,
  type Ask,
  type Method,
  type Methods,
  PlanMissing,
  type Refusal,
  type Results,
  type ThreadData,
} from "./messages.ts"
import { connect, openingTrouble } from "./schema.ts"
import { SqliteJournal } from "./sqlite-journal.ts"
import { textsOf } from "./texts.ts"

interface Opened {
  readonly journal: SqliteJournal
  readonly commit: GroupCommit
}

if (parentPort === null) throw new Error("this is a thread of the run journal, and no program")
const port: MessagePort = parentPort
const data = workerData as ThreadData // as `ThreadedJournal` gives it
/** Answered before the disk is waited for. */
const reads: ReadonlySet<Method> = new Set<Method>([
  ...(["get", "find", "events", "plan", "claimable", "list", "moved", "counts"] as const),
])
let opened: Opened | undefined
/** Why it could not be opened. */
let trouble: JournalTrouble | undefined
let answers: Answer[] = []

port.on("message", (asks: readonly Ask[]) => {
  for (const ask of asks) hear(ask)
})

function hear([id, method, args]: Ask): void {
  const settle = (outcome: Outcome): void => answer(id, outcome)
  try {
    opened ??= open()
    const { journal, commit } = opened
    if (method === "close") {
      commit.flush()
      setImmediate(() => port.close())
      journal.close()
      settle({ value: undefined })
      return
    }
    const job = () => done(journal, method, args)
    if (reads.has(method)) settle(commit.read(job))
    else commit.write(job, settle)
  } catch (error) {
    settle({ error })
  }
}

function done<M extends Method>(journal: Methods, method: M, args: Args[M]): Results[M] {
  return journal[method](...args)
}

/** Throws a {@link JournalTrouble} where the file is no sound journal. */
function open(): Opened {
  const { file, inode, options } = data
  const place = new FilePlace(file, inode)
  let db: DatabaseSync | undefined
  try {
    place.check()
    db = connect(file, options)
    const opened = { journal: new SqliteJournal(db), commit: new GroupCommit(db, place, file) }
    trouble = undefined
    return opened
  } catch (cause) {
    db?.close()
    trouble = openingTrouble(file, cause)
    throw trouble
  }
}

function answer(id: number, outcome: Outcome): void {
  if ("error" in outcome) answers.push([id, null, refusalOf(outcome.error)])
  else answers.push([id, outcome.value ?? null])
  if (answers.length === 1) queueMicrotask(send)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof JournalTrouble) return { is: "trouble", ...wordsOf(error) }
  if (error instanceof RunLost) return { is: "lost", run: error.run }
  if (error instanceof PlanMissing) return { is: "planless" }
  if (error instanceof Error) return { is: "bug", message: error.message, stack: error.stack }
  return { is: "bug", message: String(error), stack: undefined }
}

const wordsOf = ({ kind, message }: JournalTrouble) => ({ kind, message })

/** In one message what became known in one turn. */
function send(): void {
  const standing = opened === undefined ? trouble : opened.commit.trouble
  const said: Answers = { answers, trouble: standing && wordsOf(standing) }
  answers = []
  for (const text of textsOf(said)) port.postMessage(text)
}
