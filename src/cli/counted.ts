export const counted = (tools: number): string => (tools === 1 ? "1 tool" : `${tools} tools`)
