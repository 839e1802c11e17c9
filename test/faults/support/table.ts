import { relative } from "node:path"
import type { Reporter, TestCase, TestModule } from "vitest/node"
import type { Outcome } from "./outcome.ts"
import { seed } from "./seeded.ts"

const invariants = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"]
const nameWidth = 66

/** Prints what held of all faults that were played, and how to play again what did not. */
export class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const played = tests.flatMap((test) => {
      const { outcome } = test.meta()
      const { state } = test.result()
      const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1_000)
      if (state === "skipped") return []
      return { test, outcome, isGood: state === "passed", seconds }
    })
    const rows = played
      .sort((one, other) => (one.outcome?.number ?? 99) - (other.outcome?.number ?? 99))
      .flatMap(({ isGood, outcome, seconds, test }) => [
        row(outcome?.number, outcome?.name ?? test.name, marks(outcome), seconds, isGood),
        ...(isGood ? [] : [`     repeat: ${again(test)}`]),
      ])
    const failed = played.filter(({ isGood }) => !isGood).length
    const skipped = tests.length - played.length
    process.stdout.write(
      [
        ...["", `${" ".repeat(nameWidth + 4)}${invariants.join(" ")}`, ...rows, ""],
        `seed ${seed}: ${played.length - failed} hold, ${failed} do not${skipped > 0 ? `, ${skipped} not played here` : ""}`,
        "",
      ].join("\n"),
    )
  }
}

function row(
  number: number | undefined,
  name: string,
  held: string,
  seconds: number,
  isGood: boolean,
): string {
  const which = number === undefined || number === 0 ? "" : number
  return `${String(which).padStart(2)}  ${name.padEnd(nameWidth)}${held}  ${String(seconds).padStart(4)} s${isGood ? "" : "  FAILED"}`
}

/** What was not asked about has a dash. */
function marks(outcome: Outcome | undefined): string {
  const judged = new Map(outcome?.judged)
  return invariants
    .map((id) => (judged.has(id) ? (judged.get(id) === undefined ? "✓ " : "✗ ") : "– "))
    .join(" ")
}

function again({ module, name }: TestCase): string {
  const file = relative(process.cwd(), module.moduleId)
  return `FAULT_SEED=${seed} npm run -s faults -- ${file} -t ${JSON.stringify(name.replace(/[^\w ]/g, "."))}`
}
