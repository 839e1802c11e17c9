/** What is found by its form, and removed from a text. Each takes time in proportion to the text, whatever that holds. */
export const detectors = {
  /** Addresses such as `ann@example.org`. */
  email: finding(/[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g),
  /** Numbers of 13 to 19 digits, in groups or not, whose check digit is right (ISO/IEC 7812-1: Luhn). */
  payment_card: finding(/(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g, hasLuhnDigit),
  /** Account numbers whose check digits are right (ISO 13616: modulo 97). */
  iban: finding(
    /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g,
    hasIbanDigits,
  ),
  /** Private keys in PEM (RFC 7468), to their end or that of the text. */
  private_key: finding(
    /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g,
  ),
  /** JSON Web Tokens, and tokens that their issuers begin in a way of their own. */
  token: finding(
    /(?<![\w-])(?:eyJ[\w-]{10,8192}\.[\w-]{4,8192}\.[\w-]{0,1024}|gh[pousr]_\w{36,255}|github_pat_\w{22,255}|sk-[\w-]{20,255}|xox[abprs]-[\w-]{10,255}|AKIA[0-9A-Z]{16}|AIza[\w-]{35})/g,
  ),
} as const

export type Detector = keyof typeof detectors

type Replace = (text: string, by: string) => string

/** Of what has the form, only what `isOne` says is one. */
function finding(form: RegExp, isOne: (found: string) => boolean = () => true): Replace {
  return (text, by) => text.replace(form, (found) => (isOne(found) ? by : found))
}

function hasLuhnDigit(found: string): boolean {
  const digits = found.replace(/\D/g, "")
  let sum = 0
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0 && /[1-9]/.test(digits)
}

function hasIbanDigits(found: string): boolean {
  const code = found.replaceAll(" ", "")
  const digits = [...code.slice(4), ...code.slice(0, 4)].map((char) => Number.parseInt(char, 36))
  return digits.reduce((rest, value) => (rest * (value > 9 ? 100 : 10) + value) % 97, 0) === 1
}
