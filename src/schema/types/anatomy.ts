import { isList, isObject, type Json } from "../json.ts"
import { admitsKind, casesOf } from "../subsume/cases/cases.ts"
import type { Case } from "../subsume/cases/facts.ts"
import { namesOf, nodesOf, nodesOfGroup } from "../subsume/cases/names.ts"
import { nodesAt, prefixLength } from "../subsume/cases/positions.ts"
import { type Kind, kindList, kindOf, kinds } from "../subsume/clauses/kinds.ts"
import { isAnything, isNothing, type Node } from "../subsume/clauses/node.ts"
import { createJudge, type Judge } from "../subsume/judge/judge.ts"
import { createMatcher } from "../subsume/judge/matcher.ts"
import { createMeter } from "../subsume/judge/meter.ts"
import {
  bothOf,
  constantType,
  type Length,
  notThere,
  type Part,
  type Presence,
  type Type,
  unionOf,
  unknown,
} from "./type.ts"

/** The items of arrays. */
export interface Items extends Length {
  readonly type: Type
}

/**
 * Takes types apart. What it says of a part holds of that part in every value; what it cannot tell it leaves open. A part
 * of which the schema says nothing is `unknown`, and not anything: who did not describe it promised nothing.
 */
export class Anatomy {
  readonly matches = createMatcher()
  readonly #cases = new WeakMap<Type, readonly Case[]>()
  readonly #members = new WeakMap<Type, Map<string, Part>>()

  /** The kinds of values there may be, as bits. */
  kindsOf(type: Type): number {
    return this.#casesOf(type).reduce((mask, { kind }) => mask | kind, 0)
  }

  /** All values of a kind, where they are listed. */
  valuesOf(type: Type, kind: Kind): readonly Json[] | undefined {
    const found: Json[] = []
    for (const { values } of this.#casesOfKind(type, kind)) {
      if (values === undefined) return
      found.push(...values)
    }
    return [...new Set(found)]
  }

  /** Whether all values are arrays. */
  isArray(type: Type): boolean {
    return this.kindsOf(type) === kinds.array
  }

  /** What an object has under this name; values of other kinds have no members. */
  member(type: Type, name: string): Part {
    const known = this.#members.get(type) ?? new Map<string, Part>()
    this.#members.set(type, known)
    const part =
      known.get(name) ?? this.#partOf(type, kinds.object, (one) => this.#named(one, name))
    known.set(name, part)
    return part
  }

  /** Names that are spoken of. */
  names(type: Type): readonly string[] {
    return [...new Set(this.#casesOfKind(type, kinds.object).flatMap((one) => this.#namesOf(one)))]
  }

  /** What an object may have under names that are not spoken of; nothing where it has no others. */
  others(type: Type): Type {
    return unionOf(
      this.#casesOfKind(type, kinds.object).flatMap((whole) => {
        if (whole.values !== undefined) return []
        const { groups } = namesOf(whole, [])
        return groups?.map((group) => said(nodesOfGroup(whole, group))) ?? [unknown]
      }),
    )
  }

  /** The item at an index; from the end where it is negative. */
  item(type: Type, index: number): Part {
    return this.#partOf(type, kinds.array, (whole) => this.#at(whole, index))
  }

  /** The items of arrays; undefined when there are no arrays. */
  items(type: Type): Items | undefined {
    const found = this.#casesOfKind(type, kinds.array).map((whole) => this.#itemsOf(whole))
    if (found.length === 0) return
    return {
      type: unionOf(found.map((items) => items.type)),
      min: Math.min(...found.map(({ min }) => min)),
      max: Math.max(...found.map(({ max }) => max)),
    }
  }

  /** All that is in arrays and objects. */
  children(type: Type): Type {
    const members = this.names(type).map((name) => this.member(type, name).type)
    return unionOf([...members, this.others(type), this.items(type)?.type ?? notThere.type])
  }

  /** Whether the type says of a value, and of every part of it, that it may be there. */
  speaksOf(type: Type, value: Json): boolean {
    const judge = createJudge(createMeter(judgeSteps), this.matches)
    return this.#speaks([type], value, judge)
  }

  #speaks(nodes: readonly Node[], value: Json, judge: Judge): boolean {
    if (nodes.every(isAnything)) return false
    return casesOf(kindOf(value), nodes).some((whole) => {
      if (whole.nodes.includes(unknown)) return false
      if (whole.premises.some((node) => judge(node, value).says === "misfit")) return false
      if (whole.values !== undefined) return true
      if (isList(value))
        return value.every((item, index) => this.#speaks(nodesAt(whole, index), item, judge))
      if (!isObject(value)) return true
      return Object.entries(value).every(([name, held]) =>
        this.#speaks(nodesOf(whole, name, this.matches), held, judge),
      )
    })
  }

  #casesOf(type: Type): readonly Case[] {
    const known = this.#cases.get(type)
    if (known !== undefined) return known
    const made = kindList.flatMap((kind) => (admitsKind(type, kind) ? casesOf(kind, [type]) : []))
    this.#cases.set(type, made)
    return made
  }

  #casesOfKind(type: Type, kind: Kind): readonly Case[] {
    return this.#casesOf(type).filter((whole) => whole.kind === kind)
  }

  #partOf(type: Type, kind: Kind, partIn: (whole: Case) => Part): Part {
    const parts = this.#casesOf(type).map((whole) =>
      whole.kind === kind ? partIn(whole) : notThere,
    )
    return eitherPart(parts)
  }

  #named(whole: Case, name: string): Part {
    const { values, names, required } = whole
    if (values !== undefined) return ofValues(values, (value) => memberOf(value, name))
    const judge = createJudge(createMeter(judgeSteps), this.matches)
    if (names.some((node) => judge(node, name).says === "misfit")) return notThere
    const nodes = nodesOf(whole, name, this.matches)
    if (nodes.some(isNothing)) return notThere
    return { type: said(nodes), presence: required.includes(name) ? "always" : "maybe" }
  }

  #namesOf(whole: Case): readonly string[] {
    const { values } = whole
    const objects = values?.filter(isObject)
    return objects === undefined ? namesOf(whole, []).listed : objects.flatMap(Object.keys)
  }

  #at(whole: Case, index: number): Part {
    const { values, min, max } = whole
    if (values !== undefined)
      return ofValues(values, (value) => (isList(value) ? value.at(index) : undefined))
    if (index < 0 && min !== max) {
      const { type } = this.#itemsOf(whole)
      return { type, presence: presenceOf(min >= -index, max >= -index) }
    }
    const place = index < 0 ? max + index : index
    const nodes = nodesAt(whole, place)
    if (place < 0 || nodes.some(isNothing)) return notThere
    return { type: said(nodes), presence: presenceOf(min > place, max > place) }
  }

  #itemsOf(whole: Case): Items {
    const { values, min, max, items } = whole
    if (values !== undefined) {
      const lists = values.filter(isList)
      const lengths = lists.map(({ length }) => length)
      const type = unionOf(lists.flat().map(constantType))
      return { type, min: Math.min(...lengths), max: Math.max(...lengths) }
    }
    const places = Array.from({ length: Math.min(prefixLength(items) + 1, max) }, (_, index) =>
      nodesAt(whole, index),
    )
    const end = places.findIndex((nodes) => nodes.some(isNothing))
    const possible = end === -1 ? places : places.slice(0, end)
    return { type: unionOf(possible.map(said)), min, max: end === -1 ? max : Math.min(max, end) }
  }
}

/** Judging one name or value may take so many steps; what takes more is left open. */
const judgeSteps = 5_000

const said = (nodes: readonly Node[]): Type => (nodes.length === 0 ? unknown : bothOf(nodes))

const memberOf = (value: Json, name: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

function ofValues(values: readonly Json[], partOf: (value: Json) => Json | undefined): Part {
  return eitherPart(
    values.map((value) => {
      const part = partOf(value)
      return part === undefined ? notThere : { type: constantType(part), presence: "always" }
    }),
  )
}

function presenceOf(isSure: boolean, isPossible: boolean): Presence {
  if (isSure) return "always"
  return isPossible ? "maybe" : "never"
}

/** What is one of these parts, nobody knows which. */
export function eitherPart(parts: readonly Part[]): Part {
  const presences = new Set(parts.map(({ presence }) => presence))
  const [only = "never", ...others] = presences
  const type = unionOf(parts.flatMap((part) => (part.presence === "never" ? [] : part.type)))
  return { type, presence: others.length === 0 ? only : "maybe" }
}
