import { type Code, call, type Member, type Statement } from "./code.ts"

const widthMax = 100

/** The code laid out: on one line where it fits behind what is `used` of it, and otherwise over several, as people do. */
export function layOut(code: Code, indent: string, used: number): string {
  const line = onOneLine(code)
  if (line !== undefined && used + line.length <= widthMax) return line
  if (typeof code === "string") return code
  switch (code.kind) {
    case "object":
      return overLines("{}", indent, (deeper) =>
        code.members.map((member) => memberText(member, deeper)),
      )
    case "list":
      return overLines("[]", indent, (deeper) =>
        code.items.map((item) => layOut(item, deeper, deeper.length + 1)),
      )
    case "function":
      return functionText(code, indent)
    case "call":
      return callText(code, indent, used)
    case "chain":
      return layOut(code.of, indent, used) + layOut(method(code), indent, indent.length + 1)
  }
}

type Of<K extends string> = Extract<Code, { readonly kind: K }>

function overLines(
  brackets: string,
  indent: string,
  partsAt: (indent: string) => readonly string[],
): string {
  const deeper = `${indent}  `
  const lines = partsAt(deeper).map((part) => `\n${deeper}${part},`)
  return `${brackets[0]}${lines.join("")}\n${indent}${brackets[1]}`
}

/** The last argument may go over several lines beside the others. */
function callText({ callee, arguments: given }: Of<"call">, indent: string, used: number): string {
  const last = given.at(-1)
  const before = given.slice(0, -1).map(onOneLine)
  const start = `${callee}(${before.map((argument) => `${argument}, `).join("")}`
  const fits = before.every((line) => line !== undefined) && used + start.length < widthMax
  if (last !== undefined && typeof last !== "string" && last.kind !== "call" && fits)
    return `${start}${layOut(last, indent, used + start.length + 1)})`
  const parts = (deeper: string) => given.map((one) => layOut(one, deeper, deeper.length + 1))
  return `${callee}${overLines("()", indent, parts)}`
}

function functionText({ parameter, body }: Of<"function">, indent: string): string {
  if (!isStatements(body)) {
    const expression = layOut(body, indent, indent.length + parameter.length + 6)
    return `(${parameter}) => ${isObject(body) ? `(${expression})` : expression}`
  }
  const deeper = `${indent}  `
  const statements = body.map(({ before, code }) => {
    const start = before()
    return `\n${deeper}${start}${layOut(code, deeper, deeper.length + start.length)}`
  })
  return `(${parameter}) => {${statements.join("")}\n${indent}}`
}

const method = ({ callee, arguments: given }: Of<"chain">) => call(`.${callee}`, ...given)
const isStatements = (body: readonly Statement[] | Code): body is readonly Statement[] =>
  Array.isArray(body)
const isObject = (code: Code) => typeof code !== "string" && code.kind === "object"

function memberText({ key, value }: Member, indent: string): string {
  if (key === undefined) return `...${layOut(value, indent, indent.length + 4)}`
  if (key === value) return key
  const start = `${keyText(key)}: `
  return start + layOut(value, indent, indent.length + start.length + 1)
}

/** In an object literal, `__proto__` would be the prototype. */
function keyText(key: string): string {
  if (key === "__proto__") return '["__proto__"]'
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)
}

/** Undefined for what has statements, which go on lines of their own. */
function onOneLine(code: Code): string | undefined {
  if (typeof code === "string") return code.includes("\n") ? undefined : code
  switch (code.kind) {
    case "object":
      return code.members.length === 0 ? "{}" : enclosed(["{ ", " }"], code.members.map(memberLine))
    case "list":
      return enclosed(["[", "]"], code.items.map(onOneLine))
    case "call":
      return enclosed([`${code.callee}(`, ")"], code.arguments.map(onOneLine))
    case "chain":
      return enclosed(["", ""], [code.of, method(code)].map(onOneLine), "")
    case "function":
      return isStatements(code.body) ? undefined : functionLine(code.parameter, code.body)
  }
}

function functionLine(parameter: string, body: Code): string | undefined {
  const line = onOneLine(body)
  if (line === undefined) return
  return `(${parameter}) => ${isObject(body) ? `(${line})` : line}`
}

function memberLine({ key, value }: Member): string | undefined {
  const line = onOneLine(value)
  if (line === undefined) return
  if (key === undefined) return `...${line}`
  return key === line ? key : `${keyText(key)}: ${line}`
}

function enclosed(
  [open, close]: readonly [string, string],
  parts: readonly (string | undefined)[],
  between = ", ",
): string | undefined {
  if (parts.some((part) => part === undefined)) return
  return open + parts.join(between) + close
}
