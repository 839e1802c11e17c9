/** A text of each format that is checked. */
const examples: ReadonlyMap<string, string> = new Map(
  Object.entries({
    date: "2026-01-31",
    time: "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    duration: "P1DT12H",
    email: "name@example.com",
    hostname: "www.example.com",
    ipv4: "192.0.2.1",
    ipv6: "2001:db8::1",
    uuid: "123e4567-e89b-12d3-a456-426614174000",
    uri: "https://example.com/path",
    "uri-reference": "/path#part",
    "json-pointer": "/items/0/name",
    regex: "^[a-z]+$",
    byte: "aGVsbG8=",
  }),
)

/** Formats of numbers say what they mean in words. */
const ranges: ReadonlyMap<string, string> = new Map(
  Object.entries({
    int32: "an integer of 32 bits",
    int64: "an integer of 64 bits",
    float: "a number",
    double: "a number",
  }),
)

export function describeFormat(format: string): string {
  const example = examples.get(format)
  return example === undefined ? (ranges.get(format) ?? format) : `${format} such as "${example}"`
}
