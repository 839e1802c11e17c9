import type { Drift } from "../../registry/pins/drift.ts"

const kindWords = {
  words: "its words changed",
  schema: "its schema changed",
  meta: "what no model sees of it changed",
  hidden_text: "it holds hidden text",
  oversize: "it is larger than 512 KiB",
  gone: "the server no longer lists it",
  renamed: "it seems to be renamed",
} as const satisfies Record<Drift["kinds"][number], string>

const fitWords = {
  compatible: "compatible: it takes all that it took and gives nothing else",
  incompatible: "incompatible: calls that were good may fail, or results may be others",
  undecided: "whether it is compatible cannot be decided",
} as const

/** A difference for people, exactly: each place with what stood there and what stands there now. */
export function driftLines(name: string, drift: Drift): string[] {
  const { kinds, fit, changes, hidden, renamedTo, digest } = drift
  const said = kinds.map((kind) => kindWords[kind]).join(", ")
  return [
    `${name}: ${said}${renamedTo === undefined ? "" : ` to ${renamedTo}`}`,
    ...(fit === undefined ? [] : [`    ${fitWords[fit]}`]),
    ...hidden.map(({ at, what }) => `    hidden at ${at || "(whole)"}: ${what}`),
    ...changes.flatMap(({ at, before, after }) => [
      `    ${at || "(whole)"}`,
      ...(before === undefined ? [] : [`      - ${before}`]),
      ...(after === undefined ? [] : [`      + ${after}`]),
    ]),
    ...(digest === undefined ? [] : [`    now ${digest}`]),
  ]
}
