/** Whether a path is that of a compensation, or of something inside of one: what has to be made until it is done. */
export const isInCompensation = (path: string): boolean => path.startsWith("~")
