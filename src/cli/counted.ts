/** `1 tool`, `2 tools`; of anything whose plural is made with an s. */
export const counted = (count: number, what = "tool"): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`
