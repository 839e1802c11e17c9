import type { SchemaFinding } from "../../schema/guard/finding.ts"
import { checkSchema } from "../../schema/guard.ts"
import { isObject, type JsonObject, segment } from "../../schema/json.ts"
import type { SchemaEntity } from "../model.ts"
import type { Report } from "../problem.ts"
import type { Bundle, Bundles } from "../schemas/bundle.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import type { Position } from "../schemas/positions.ts"

type Bundled = Extract<Bundle, { readonly kind: "bundled" }>

/** Findings that lie in registered schemas, which report them themselves. */
interface Deferred {
  readonly position: Position
  readonly bundle: Bundled
  readonly findings: readonly SchemaFinding[]
}

/**
 * Whether each schema, with all it refers to, may be compiled. What is wrong with a registered schema is reported there
 * and not again at each of its users. `looping` schemas are reported already.
 */
export function* checkSoundness(
  links: SchemaLinks,
  bundles: Bundles,
  looping: ReadonlySet<JsonObject>,
  report: Report,
): Generator<void, void, void> {
  const unsound = new Set(looped(links, looping))
  const deferred: Deferred[] = []
  for (const position of links.positions) {
    yield
    if (isObject(position.schema) && looping.has(position.schema)) continue
    const left = checkOne(position, bundles.of(position.schema), report)
    if (left?.isReported && position.entity !== undefined) unsound.add(position.entity)
    if (left?.deferred !== undefined) deferred.push(left.deferred)
  }
  // Fewest parts first: what is too much together is told where it first is, and not at all that refer to that.
  deferred.sort((left, right) => left.bundle.entities.size - right.bundle.entities.size)
  for (const { position, bundle, findings } of deferred) {
    if (touches(bundle, unsound)) continue
    reportFindings(position, findings, report)
    if (position.entity !== undefined) unsound.add(position.entity)
  }
}

const looped = ({ positions }: SchemaLinks, looping: ReadonlySet<JsonObject>) =>
  positions.flatMap(({ entity, schema }) =>
    entity !== undefined && isObject(schema) && looping.has(schema) ? [entity] : [],
  )

const touches = ({ entities, rootEntity }: Bundled, unsound: ReadonlySet<SchemaEntity>): boolean =>
  !entities.isDisjointFrom(unsound) || (rootEntity !== undefined && unsound.has(rootEntity))

interface Left {
  readonly isReported: boolean
  readonly deferred: Deferred | undefined
}

function checkOne(position: Position, bundle: Bundle, report: Report): Left | undefined {
  if (bundle.kind === "unresolved") return
  if (bundle.kind === "tooLarge") {
    reportFindings(position, [tooLarge], report)
    return { isReported: true, deferred: undefined }
  }
  const check = checkSchema(bundle.schema)
  if (check.verdict !== "refused") return
  const isOthers = bundle.rootEntity !== undefined && bundle.rootEntity !== position.entity
  const own = check.findings.filter((finding) => !isOthers && isOwn(finding, bundle))
  reportFindings(position, own, report)
  if (own.length > 0) return { isReported: true, deferred: undefined }
  return { isReported: false, deferred: { position, bundle, findings: check.findings } }
}

/** Whether a finding lies in what is written at the position, and not in a schema that was embedded there. */
function isOwn({ at, code }: SchemaFinding, { keys, entities }: Bundled): boolean {
  if (code === "schema_ref_loop" && entities.size > 0) return false
  if (at === "" && entities.size > 0) return false
  for (const key of keys) {
    const place = `/$defs${segment(key)}`
    if (at === place || at.startsWith(`${place}/`)) return false
  }
  return true
}

function reportFindings(
  { pointer }: Position,
  findings: readonly SchemaFinding[],
  report: Report,
): void {
  for (const { code, at, message, hint } of findings)
    report({
      code,
      severity: "error",
      pointer: code.startsWith("ref_") ? pointer + at : pointer,
      message: at === "" ? message : `${message} (at ${at})`,
      ...(hint === undefined ? {} : { hint }),
    })
}

const tooLarge: SchemaFinding = {
  code: "schema_too_complex",
  at: "",
  message: "this schema and those it refers to are too large together",
  hint: "refer to fewer schemas, or to smaller ones",
}
