/** Whether the id of a session or of an event can be sent back in a header as it is: visible ASCII, and not too long. */
export const isWireId = (id: string): boolean => /^[\x21-\x7e]{1,1024}$/.test(id)
