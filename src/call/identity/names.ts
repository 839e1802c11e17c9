/** A registered name, optionally with a namespace. Its alphabet has no comma, which betrays a repeated header. */
export const isAgentName = (text: string): boolean =>
  /^(?:[A-Za-z0-9_.-]{1,128}\/)?[A-Za-z0-9_.-]{1,128}$/.test(text)

export const isVersion = (text: string): boolean => /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}$/.test(text)
