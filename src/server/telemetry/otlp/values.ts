/** Attributes as OTLP's JSON has them (opentelemetry-proto 1.x, common.proto `KeyValue`), as text. */
export type Value = string | number | boolean | readonly string[] | undefined
export type Attributes = readonly (readonly [key: string, value: Value])[]

/** Beyond it a text is cut: names that a caller makes up may be long. */
const charsMax = 1_024

/** A JSON array without the undefined elements. Written as a loop because there are some fifty of these per call. */
export function attributesText(attributes: Attributes): string {
  let all = ""
  for (const [key, value] of attributes) {
    if (value === undefined) continue
    all += `${all === "" ? "" : ","}${beginning(key)}${valueText(value)}}`
  }
  return `[${all}]`
}

/** Keys are our own, or names of labels: there are not many. */
const beginnings = new Map<string, string>()

function beginning(key: string): string {
  let known = beginnings.get(key)
  if (known === undefined) {
    known = `{"key":${text(key)},"value":`
    beginnings.set(key, known)
  }
  return known
}

function valueText(value: Exclude<Value, undefined>): string {
  if (typeof value === "string") return `{"stringValue":${text(value)}}`
  if (typeof value === "boolean") return `{"boolValue":${value}}`
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? `{"intValue":"${value}"}` : `{"doubleValue":${value}}`
  const items = value.map((item) => `{"stringValue":${text(item)}}`)
  return `{"arrayValue":{"values":[${items.join(",")}]}}`
}

/** Text that needs no escaping in JSON: true of nearly all names, and cheaper to check than to escape. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]{0,200}$/

/** A JSON string of at most {@link charsMax} characters. Half a surrogate pair is no text for protobuf. */
export function text(value: string): string {
  if (plain.test(value)) return `"${value}"`
  return JSON.stringify(value.slice(0, charsMax).toWellFormed())
}

/** Nanoseconds since the epoch, as OTLP's JSON writes 64 bits; a double has some hundred of them to spare. */
export const nanos = (ms: number): string => `"${Math.round(ms * 1e6)}"`

export const resourceText = (resource: ReadonlyMap<string, string | number | boolean>): string =>
  `"resource":{"attributes":${attributesText([...resource])}}`
