import { extname } from "node:path"

const extensions = [".ts", ".mts", ".js", ".mjs"]

/** Whether a registry in this file is a program that makes the document, and not the document. */
export const isProgram = (file: string): boolean => extensions.includes(extname(file))
