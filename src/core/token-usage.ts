// Numbers of tokens: what a call of a model is expected to use, and what it has used.

/** What a call may use. */
export interface TokenEstimate {
  inputTokens: number;
  outputTokens: number;
}

/** What a call has used. */
export interface CallUsage {
  /** All of the input, with what is counted apart below. */
  inputTokens: number;
  /** Those that the provider had kept. */
  cachedInputTokens: number;
  /** Those that it keeps from now on. */
  cacheWriteTokens: number;
  /** All of the output, with what is counted apart below. */
  outputTokens: number;
  /** Those that were thought and not said. */
  reasoningTokens: number;
  /** Whether these are estimates, because the provider gave no numbers. */
  isEstimated: boolean;
}
