/** Attributes as OTLP's JSON has them (opentelemetry-proto 1.x, common.proto `KeyValue`), as text. */
export type Value = string | number | boolean | readonly string[] | undefined
export type Attributes = readonly (readonly [key: string, value: Value])[]

/** Beyond it a text is cut: names that a caller makes up may be long. */
const charsMax = 1_024

/** A JSON array; what is undefined is left out. */
export function attributesText(attributes: Attributes): string {
  const all = attributes.flatMap(([key, value]) =>
    value === undefined ? [] : [`{"key":${text(key)},"value":${valueText(value)}}`],
  )
  return `[${all.join(",")}]`
}

function valueText(value: Exclude<Value, undefined>): string {
  if (typeof value === "string") return `{"stringValue":${text(value)}}`
  if (typeof value === "boolean") return `{"boolValue":${value}}`
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? `{"intValue":"${value}"}` : `{"doubleValue":${value}}`
  const items = value.map((item) => `{"stringValue":${text(item)}}`)
  return `{"arrayValue":{"values":[${items.join(",")}]}}`
}

/** A JSON string of at most {@link charsMax} characters. Half a surrogate pair is no text for protobuf. */
export const text = (value: string): string =>
  JSON.stringify((value.length <= charsMax ? value : value.slice(0, charsMax)).toWellFormed())

/** Nanoseconds since the epoch, as OTLP's JSON writes 64 bits; a double has some hundred of them to spare. */
export const nanos = (ms: number): string => `"${Math.round(ms * 1e6)}"`

export const resourceText = (resource: ReadonlyMap<string, string | number | boolean>): string =>
  `"resource":{"attributes":${attributesText([...resource])}}`
