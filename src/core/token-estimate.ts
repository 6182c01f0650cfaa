// How many tokens are reserved for the input of a call: more rather than fewer, because what is reserved must do.

/** By how much estimates are corrected of an endpoint of which nothing is known: its model may count in smaller pieces than most. */
export const UNKNOWN_CORRECTION = 1.5;

/** How much of what was learned is forgotten with each call that used less. */
const FORGOTTEN = 0.02;
const LEAST = 0.5;
const MOST = 10;
/** Somewhat more is expected than what was seen. */
const MARGIN = 1.1;

/** Returns how many tokens are reserved where `estimated` ones are expected. */
export function correctedTokens(estimated: number, correction: number): number {
  return Math.ceil(estimated * correction);
}

/** Returns the correction after a call for which `estimated` tokens were expected, and that had `real` ones. */
export function learnedCorrection(correction: number, estimated: number, real: number): number {
  if (estimated <= 0 || real <= 0) return correction;
  const seen = Math.min(MOST, Math.max(LEAST, (real / estimated) * MARGIN));
  return seen >= correction ? seen : correction + (seen - correction) * FORGOTTEN;
}
