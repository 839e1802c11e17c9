import type { Json, JsonObject } from "../../schema/json.ts"
import type { Draft, Knobs } from "../draft.ts"
import type { SchemaEntity } from "../model.ts"
import type { RegistryRef } from "../normalise/registry-ref.ts"
import { eachSubschema } from "../normalise/schema-walk.ts"
import type { Report } from "../problem.ts"
import { type Links, reportAs } from "../resolve/links.ts"
import { lookUp } from "../resolve/rule.ts"
import { ambiguous, type Mention, noteProblem, notFound } from "../resolve/words.ts"
import { type InnerNames, noNames, noteNames } from "./names.ts"
import { asRoot, type Position, schemaPlaces } from "./positions.ts"
import { nodeAt, readReference } from "./reference.ts"

/** A `$ref` to a registered schema that there is. */
export interface RegistryTarget {
  readonly entity: SchemaEntity
  /** A JSON Pointer into it, as a URI fragment; "" is the whole. */
  readonly tail: string
}

/** A `$ref`, and the schema that it applies; undefined where only the guard can tell. */
export interface Site {
  readonly holder: JsonObject
  readonly pointer: string
  readonly node: Json | undefined
}

/** What one schema refers to. */
export interface RootRefs {
  readonly sites: readonly Site[]
  readonly targets: readonly RegistryTarget[]
  readonly isNamed: boolean
  /** The first reference in it that leads nowhere. */
  readonly unresolved: string | undefined
}

/** The schemas of a document and what their references mean. */
export interface SchemaLinks {
  readonly positions: readonly Position[]
  /** Of schemas with references or names, by the whole schema. */
  readonly roots: ReadonlyMap<JsonObject, RootRefs>
  /** By the object that holds the `$ref`. */
  readonly targets: ReadonlyMap<JsonObject, RegistryTarget>
}

/** Finds and resolves the references of all schemas, and reports those that mean nothing. */
export function* linkSchemas(
  draft: Draft,
  links: Links,
  knobs: Knobs,
  report: Report,
): Generator<void, SchemaLinks, void> {
  const positions: Position[] = []
  const roots = new Map<JsonObject, RootRefs>()
  const targets = new Map<JsonObject, RegistryTarget>()
  const linking: Linking = { draft, links, knobs, report, targets }
  for (const position of schemaPlaces(draft)) {
    positions.push(position)
    const root = asRoot(position.schema)
    if (root === undefined) continue
    const refs = linkRoot(linking, root, position.pointer)
    if (refs !== undefined) roots.set(root, refs)
    yield
  }
  return { positions, roots, targets }
}

interface Linking {
  readonly draft: Draft
  readonly links: Links
  readonly knobs: Knobs
  readonly report: Report
  readonly targets: Map<JsonObject, RegistryTarget>
}

interface Found {
  readonly holder: JsonObject
  readonly pointer: string
  readonly ref: string
}

function linkRoot(linking: Linking, root: JsonObject, pointer: string): RootRefs | undefined {
  const names = noNames()
  const found = references(linking, root, pointer, names)
  if (found.length === 0 && !names.isNamed) return
  const sites: Site[] = []
  const targets: RegistryTarget[] = []
  let unresolved: string | undefined
  for (const { holder, pointer: at, ref } of found) {
    const meant = linkReference(linking, { holder, pointer: at, ref }, root, names)
    if (meant === undefined) unresolved ??= ref
    else sites.push({ holder, pointer: at, node: meant.node })
    const target = linking.targets.get(holder)
    if (target !== undefined) targets.push(target)
  }
  return { sites, targets, isNamed: names.isNamed, unresolved }
}

function references(
  { draft }: Linking,
  root: JsonObject,
  pointer: string,
  names: InnerNames,
): readonly Found[] {
  const found: Found[] = []
  eachSubschema(root, pointer, (holder, at) => {
    noteNames(names, holder)
    const ref = Object.hasOwn(holder, "$ref") ? holder["$ref"] : undefined
    if (typeof ref !== "string") return // one of another type is reported where shapes are
    found.push({ holder, ref, pointer: draft.origins.noted(holder, "$ref") ?? `${at}/$ref` })
  })
  return found
}

/** That a reference leads somewhere, and where, if that is known without the guard. */
interface Meant {
  readonly node: Json | undefined
}

function linkReference(
  linking: Linking,
  { holder, pointer, ref }: Found,
  root: JsonObject,
  names: InnerNames,
): Meant | undefined {
  const meant = readReference(ref, root, names)
  switch (meant.kind) {
    case "local":
      return meant
    case "external":
      linking.report(external(ref, pointer))
      return
    case "invalid":
      linking.report(invalid(ref, pointer))
      return
    case "registry":
      return linkRegistry(linking, { holder, pointer, ref }, meant.ref)
  }
}

function linkRegistry(
  { links, knobs, report, targets }: Linking,
  { holder, pointer, ref }: Found,
  { name, version, tail }: RegistryRef,
): Meant | undefined {
  const mention: Mention = {
    kind: "schema",
    name,
    ...(version === undefined ? {} : { version }),
    pointer,
  }
  const outcome = lookUp(links.schemas, name, version)
  switch (outcome.kind) {
    case "broken":
      return
    case "ambiguous":
      report(ambiguous(mention, outcome.versions))
      return
    case "missing": {
      const problem = notFound(mention, outcome.versions, links.schemas.names())
      reportAs(knobs.missingEntity, report, problem)
      return
    }
    case "found": {
      const note = noteProblem(mention, outcome)
      if (note !== undefined) report(note)
      const node = nodeAt(outcome.entity.schema, tail)
      if (node === undefined) {
        report(invalid(ref, pointer))
        return
      }
      targets.set(holder, { entity: outcome.entity, tail })
      return { node }
    }
  }
}

const external = (ref: string, pointer: string) => ({
  code: "ref_external",
  severity: "error" as const,
  pointer,
  message: `${JSON.stringify(ref.slice(0, 200))} leads out of the document; nothing is ever fetched`,
  hint: "register the schema and refer to it as #Name:Version",
})

const invalid = (ref: string, pointer: string) => ({
  code: "ref_invalid",
  severity: "error" as const,
  pointer,
  message: `${JSON.stringify(ref.slice(0, 200))} leads to nothing`,
  hint: "write #Name:Version for a registered schema, or #/… for a place in this one",
})
