/**
 * The pattern as JavaScript itself compiles it: with the `u` flag that JSON Schema asks for or, as many patterns in
 * use are refused then (`[\w-.]`), without flags. Undefined for what is no regular expression at all.
 */
export function compileNative(source: string): RegExp | undefined {
  return tryCompile(source, "u") ?? tryCompile(source, "")
}

export const isPattern = (source: string): boolean => compileNative(source) !== undefined

function tryCompile(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    if (error instanceof SyntaxError) return
    throw error
  }
}
