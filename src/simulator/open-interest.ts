import type { ListedContract } from './chain.ts'
import { Random } from './random.ts'

/** Contracts open at the money of a root of weight 1. */
const AT_THE_MONEY = 450
/** Away from the money by this share of the price, open interest falls to a third. */
const WIDTH = 0.03
/** New contracts, which nobody holds yet. */
const NEW_SHARE = 0.06

/**
 * Open interest of a contract of the synthetic market, a whole number: the same for the same seed
 * and contract. Plausible rather than measured: most at the money and at round strikes, none in
 * some contracts.
 */
export function openInterestOf(seed: number, contract: ListedContract): number {
  const { strike, profile, money, strikeStep } = contract
  const random = new Random(seed ^ hashOf(contract.ticker))
  if (random.chance(NEW_SHARE)) return 0
  const away = Math.abs(strike - money) / (money * WIDTH)
  const steps = Math.round(strike / strikeStep)
  const round = steps % 10 === 0 ? 4 : steps % 5 === 0 ? 2 : 1
  const usual = AT_THE_MONEY * Math.sqrt(profile.weight) * Math.exp(-away) * round
  return Math.floor(usual * Math.exp(0.8 * random.normal()))
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
