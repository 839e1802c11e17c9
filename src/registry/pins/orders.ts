import { isList, isObject, type JsonObject } from "../../schema/json.ts"
import { visible } from "./definition.ts"

/** What descriptions of tools that gave orders to models had in common. Honest ones may have it, too. */
const signs: readonly (readonly [RegExp, string])[] = [
  [/<\/?\s*(?:important|system|secret|instructions?|hidden)\s*>/i, "marks a part as for the model"],
  [
    /\b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+|the\s+)?(?:previous|prior|earlier|above)\b/i,
    "tells a model to ignore what it was told",
  ],
  [
    /\b(?:do\s+not|don't|never)\s+(?:tell|mention|inform|reveal|show|say)\b[^.]{0,40}\buser\b/i,
    "tells a model to keep something from the user",
  ],
  [/[A-Za-z0-9+/]{201}/, "holds a long run of base64"],
]

/** Texts of one definition that are looked at: it is only a hint. */
const textsMax = 10_000

/** Why a definition should be read twice: what in it reads like an order to a model, or cannot be read. */
export function ordersIn(definition: JsonObject): string[] {
  const texts = [...textsOf(visible(definition))]
  return signs.flatMap(([sign, words]) => (texts.some((text) => sign.test(text)) ? [words] : []))
}

function* textsOf(value: unknown): Generator<string, void, void> {
  const open = [value]
  for (let count = 0; count < textsMax && open.length > 0; count++) {
    const one = open.pop()
    if (typeof one === "string") yield one
    else if (isList(one)) open.push(...one.slice(0, textsMax))
    else if (isObject(one)) open.push(...Object.values(one).slice(0, textsMax))
  }
}
