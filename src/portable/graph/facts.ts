import type { Json, JsonObject } from "../../registry/model.ts"
import { step } from "../../registry/normalise/pointer.ts"
import type { Party } from "./graph.ts"
import { type Purl, readPurl } from "./purl.ts"

/** What an entity's `metadata` may say that concerns others. All else in it is the author's own. */
export interface Facts {
  readonly license: string | undefined
  readonly supplier: Party | undefined
}

export const factsOf = (metadata: Json | undefined): Facts => ({
  license: textIn(metadata, "license"),
  supplier: partyOf(step(metadata, "supplier")),
})

/** `metadata.purl`; undefined where there is none, or what is there is no package URL. */
export function purlIn(metadata: Json | undefined): Purl | undefined {
  const text = textIn(metadata, "purl")
  return text === undefined ? undefined : readPurl(text)
}

export interface Model {
  readonly name: string
  readonly version: string | undefined
  readonly purl: string | undefined
  readonly supplier: Party | undefined
}

/** `metadata.model`: `{name, version?, purl?, supplier?}`, or its name alone. */
export function modelIn(metadata: Json | undefined): Model | undefined {
  const model = step(metadata, "model")
  if (typeof model === "string") return named(model, undefined)
  const name = textIn(model, "name")
  return name === undefined ? undefined : named(name, model)
}

function named(name: string, model: Json | undefined): Model | undefined {
  if (name === "") return
  const purl = purlIn(model)?.text
  return {
    name,
    version: textIn(model, "version"),
    purl,
    supplier: partyOf(step(model, "supplier")),
  }
}

/** Where a card says that its agent is: `url`, or the first of `supportedInterfaces`. */
export function urlIn(card: JsonObject): string | undefined {
  const text = textIn(card, "url") ?? textIn(step(step(card, "supportedInterfaces"), "0"), "url")
  return text === undefined ? undefined : publicAddress(text)
}

/** Origin and path: what else stands in an address may be a credential. Undefined for what is no web address. */
export function publicAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return
  const { protocol, origin, pathname } = new URL(text)
  if (protocol !== "https:" && protocol !== "http:") return
  // URLs of browsers may hold what an IRI (RFC 3987) may not: a bare percent sign, a bar, brackets.
  const path = pathname
    .replace(/%(?![0-9A-Fa-f]{2})/g, "%25")
    .replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/gu, (char) => encodeURIComponent(char))
  return origin + path
}

/** An address that mail programs and the formats of SBOMs take: RFC 5321, without quotes and other scripts. */
const mailAddress =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/

export const isMailAddress = (text: string): boolean => text.length <= 254 && mailAddress.test(text)

function partyOf(party: Json | undefined): Party | undefined {
  const text = typeof party === "string" ? party : textIn(party, "name")
  const name = text?.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim()
  if (name === undefined || name === "") return
  const url = textIn(party, "url")
  const email = textIn(party, "email")
  return {
    name,
    url: url && publicAddress(url),
    email: email !== undefined && isMailAddress(email) ? email : undefined,
  }
}

function textIn(object: Json | undefined, key: string): string | undefined {
  const value = step(object, key)
  return typeof value === "string" && value !== "" ? value : undefined
}
