// The thread that has the file of the run journal: whatever the disk takes, everything else of the gateway goes on.
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import { JournalTrouble, RunLost } from "../../../compose/run/durable/journal.ts"
import {
  type Answer,
  type Answers,
  type Ask,
  type FileJournal,
  type Method,
  type Methods,
  PlanMissing,
  type Refusal,
  type Results,
  type ThreadData,
} from "./messages.ts"
import { connectSqliteJournal } from "./sqlite-journal.ts"
import { textsOf } from "./texts.ts"

if (parentPort === null) throw new Error("this is a thread of the run journal, and no program")
const port: MessagePort = parentPort
const data = workerData as ThreadData // as `ThreadedJournal` gives it
let journal: FileJournal | undefined
/** Why it could not be opened. */
let trouble: JournalTrouble | undefined
let answers: Answer[] = []

port.on("message", (text: string) => {
  const asks = JSON.parse(text) as readonly Ask[] // as `ThreadedJournal` writes them
  for (const ask of asks) void answer(ask)
})

async function answer([id, method, args]: Ask): Promise<void> {
  let answer: Answer
  try {
    answer = [id, (await done(method, args)) ?? null]
  } catch (error) {
    answer = [id, null, refusalOf(error)]
  }
  answers.push(answer)
  if (answers.length === 1) queueMicrotask(send)
  if (method === "close") setImmediate(() => port.close())
}

function done<M extends Method>(method: M, args: Parameters<Methods[M]>): Promise<Results[M]> {
  const methods: Methods = opened()
  return methods[method](...args)
}

function opened(): FileJournal {
  if (journal !== undefined) return journal
  try {
    journal = connectSqliteJournal(data)
    trouble = undefined
    return journal
  } catch (error) {
    if (error instanceof JournalTrouble) trouble = error
    throw error
  }
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
  const standing = journal === undefined ? trouble : journal.trouble
  const said: Answers = { answers, trouble: standing && wordsOf(standing) }
  answers = []
  for (const text of textsOf(said)) port.postMessage(text)
}
