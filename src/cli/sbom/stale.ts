import { checkBom } from "../../portable/sbom/check-bom.ts"
import { diffBoms, isEmpty } from "../../portable/sbom/diff-boms.ts"
import type { Inventory } from "../../portable/sbom/inventory.ts"
import { printSbom } from "../../portable/sbom/print/print.ts"
import type { Bom } from "../../portable/sbom/read/bom.ts"
import { readBom } from "../../portable/sbom/read/read-bom.ts"
import { isList, isObject, type Json, segment } from "../../schema/json.ts"
import type { ExitCode, Io } from "../command.ts"
import { printable, printableLine } from "../printable.ts"
import type { BomFile } from "./bom-file.ts"
import { diffWords } from "./diff-words.ts"

type Committed = Extract<BomFile, { ok: true }>

/**
 * Whether an SBOM that was written earlier is still what would be written now, as of its own time and version of
 * Postern: 0, or 1 with what is different.
 */
export function checkStale(
  file: string,
  { json, bom }: Committed,
  { inventory, io }: { readonly inventory: Inventory; readonly io: Io },
): ExitCode {
  const now: Json = JSON.parse(printSbom(asOf(inventory, bom), bom.spec))
  const places = differences(json, now, "")
  if (places.length === 0) {
    io.out.write(printable(`${file} is what would be written now\n`))
    return 0
  }
  io.out.write(printable(`${file} is stale: write it again\n`))
  for (const line of words(bom, now, places)) io.out.write(`${printableLine(line)}\n`)
  for (const { code, at, message } of checkBom(bom).slice(0, 20))
    io.err.write(printable(`${file}: ${code} ${at} — ${message}\n`))
  return 1
}

const asOf = (inventory: Inventory, { timestamp, toolVersion }: Bom): Inventory => ({
  ...inventory,
  settings: {
    ...inventory.settings,
    ...(timestamp !== undefined && { timestamp }),
    ...(toolVersion !== undefined && { toolVersion }),
  },
})

/** What changed in what the SBOM is about; where nothing did, the places where other words stand. */
function words(before: Bom, json: Json, places: readonly string[]): Iterable<string> {
  const after = readBom(json)
  const diff = after && diffBoms(before, after)
  if (diff !== undefined && !isEmpty(diff)) return diffWords(diff)
  return places.map((place) => `~ ${place === "" ? "(the whole)" : place}`)
}

const placesMax = 20

/** JSON Pointers of the first places where two documents differ. */
function differences(left: Json | undefined, right: Json | undefined, at: string): string[] {
  if (left === right) return []
  const isBoth = (test: (value: unknown) => boolean) => test(left) && test(right)
  if (!isBoth(isList) && !isBoth(isObject)) return [at]
  const keys = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])
  const found: string[] = []
  for (const key of keys) {
    if (found.length >= placesMax) break
    found.push(...differences(memberOf(left, key), memberOf(right, key), at + segment(key)))
  }
  return found.slice(0, placesMax)
}

function memberOf(holder: Json | undefined, key: string): Json | undefined {
  if (isList(holder)) return holder[Number(key)]
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined
}
