import { basename, extname } from "node:path"
import { type Model, publicAddress } from "../../portable/graph/facts.ts"
import type { Party } from "../../portable/graph/graph.ts"
import { readPurl } from "../../portable/graph/purl.ts"
import { type SbomSettings, tlps } from "../../portable/sbom/settings.ts"
import type { PartyConfig, SbomConfig } from "../../server/config/config.ts"
import { sbom as sbomKeys } from "../../server/config/sbom-schema.ts"
import { type Given, type Option, UsageError } from "../command.ts"

/** The words of an SBOM, from flags before the configuration's `sbom`. */
export interface Words extends Omit<SbomSettings, "timestamp" | "toolVersion"> {
  readonly name: string
  readonly model: Model | undefined
}

const text = (value: string, summary: string): Option => ({ type: "string", value, summary })

export const wordOptions: Readonly<Record<string, Option>> = {
  name: text("NAME", "what the registry is called; otherwise its file's name"),
  supplier: text("NAME", "who supplies what is registered"),
  author: text("NAME", "who answers for the SBOM; otherwise the supplier"),
  license: text("EXPRESSION", "of what is registered, where its metadata.license says nothing"),
  namespace: text("URI", "where SPDX documents get their names"),
  tlp: text("LEVEL", `how far the SBOM may travel: ${tlps.join(", ")}`),
  model: text("NAME@VERSION", "the model of agents whose metadata.model says nothing"),
}

const unnamed = "https://postern.invalid/spdx"

/** Throws a UsageError for a flag that the configuration's key of that name would refuse. */
export function wordsOf(given: Given, file: string, config: SbomConfig): Words {
  const flags = {
    name: given.text("name"),
    supplier: named(given.text("supplier")),
    author: named(given.text("author")),
    license: given.text("license"),
    namespace: given.text("namespace"),
    tlp: given.text("tlp"),
    model: modelIn(given.text("model")),
  }
  const parsed = sbomKeys.safeParse(flags)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new UsageError(`--${String(issue?.path[0])}: ${issue?.message}`)
  }
  const said = parsed.data
  const supplier = said.supplier ?? config.supplier
  const author = said.author ?? config.author ?? supplier
  const model = said.model ?? config.model
  return {
    name: said.name ?? config.name ?? basename(file, extname(file)),
    supplier: supplier && partyOf(supplier),
    author: author && partyOf(author),
    license: said.license ?? config.license,
    namespace: said.namespace ?? config.namespace ?? unnamed,
    tlp: said.tlp ?? config.tlp,
    model: model && {
      name: model.name,
      version: model.version,
      purl: model.purl === undefined ? undefined : readPurl(model.purl)?.text,
      supplier: model.supplier === undefined ? undefined : partyOf({ name: model.supplier }),
    },
  }
}

/** What is missing from the words for an SBOM that an auditor takes. */
export function* missingWords(words: Words, isSpdx: boolean): Generator<string> {
  if (words.supplier === undefined)
    yield "nobody is named as the supplier, which every SBOM must; set sbom.supplier or --supplier"
  if (isSpdx && words.namespace === unnamed)
    yield `the document is named under ${unnamed}, which is nobody's; set sbom.namespace or --namespace`
}

const named = (name: string | undefined) => (name === undefined ? undefined : { name })

/** The last `@` begins the version: a model may be called `org/name`. */
function modelIn(written: string | undefined) {
  if (written === undefined) return
  const at = written.lastIndexOf("@")
  return at > 0 ? { name: written.slice(0, at), version: written.slice(at + 1) } : { name: written }
}

const partyOf = (party: PartyConfig): Party => ({
  name: party.name,
  url: party.url === undefined ? undefined : publicAddress(party.url),
  email: party.email,
})
