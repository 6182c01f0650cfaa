// What tokens cost, as a provider's price list says it.

/** US dollars per million tokens. What a list does not price apart costs what its kind costs. */
export interface Price {
  currency: 'USD';
  /** Input that the provider had not kept. */
  input: number;
  /** Input that it had kept; like `input` when left out. */
  cachedInput?: number | undefined;
  /** Input that it keeps from now on; like `input` when left out. */
  cacheWrite?: number | undefined;
  output: number;
  /** Output that is thought and not said; like `output` when left out. */
  reasoning?: number | undefined;
  /** Which list this is, in its owner's words. */
  version?: string | undefined;
  /** Since when it holds, in its owner's words. */
  since?: string | undefined;
}
