import type { JsonObject } from "../../registry/model.ts"
import { sections } from "../definition.ts"
import { call, data, list, object } from "./code.ts"
import { Entities } from "./entities.ts"
import { entityCode } from "./entity-code.ts"
import { layOut } from "./lay-out.ts"

/**
 * The program that makes a registry document with the builder: TypeScript, laid out for people. `document` is in
 * canonical form; run, the program gives the same one, to the byte.
 */
export function programOf(document: JsonObject): string {
  const entities = new Entities(document, entityCode)
  const declarations = [...entities.declarations()].map(([{ variable }, code]) => {
    const start = `const ${variable} = `
    return `${start}${layOut(code, "", start.length)}\n`
  })
  const { schemaVersion: _, ...members } = document
  const about = Object.entries(members).filter(([key]) => !sections.some((name) => name === key))
  const lists = sections.flatMap((section) => {
    const variables = entities.variables(section)
    return variables.length === 0 ? [] : [{ key: section, value: list(variables) }]
  })
  const said = about.map(([key, value]) => ({ key, value: data(value) }))
  const made = call(entities.use("registry"), object([...said, ...lists]))
  const exported = `export default ${layOut(made, "", "export default ".length)}\n`
  return [importOf(entities.used()), ...declarations, exported].join("\n")
}

function importOf(names: readonly string[]): string {
  const line = `import { ${names.join(", ")} } from "postern"\n`
  return line.length <= 101
    ? line
    : `import {\n${names.map((name) => `  ${name},\n`).join("")}} from "postern"\n`
}
