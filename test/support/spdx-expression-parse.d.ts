declare module "spdx-expression-parse" {
  /** Throws for what is no SPDX expression of listed ids. */
  // biome-ignore lint/style/noDefaultExport: the package has no other
  export default function parse(expression: string): unknown
}
