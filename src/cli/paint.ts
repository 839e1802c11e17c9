import { styleText } from "node:util"
import type { Io } from "./command.ts"

export type Colour = "red" | "yellow" | "green" | "dim" | "bold"
export type Paint = (colour: Colour, text: string) => string

/** Colours on a terminal whose user does not mind (https://no-color.org); plain text everywhere else. */
export function painter({ out, env }: Io): Paint {
  const isPlain = out.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb"
  return isPlain
    ? (_, text) => text
    : (colour, text) => styleText(colour, text, { validateStream: false })
}
