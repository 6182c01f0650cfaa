// Settings that an agent, or a call, has for its model.

/** What is left out is as the provider has it. */
export interface ModelParameters {
  /** From 0, always the likeliest word, upwards. */
  temperature?: number;
  topP?: number;
  seed?: number;
  /** How long an answer may be. */
  maxOutputTokens?: number;
}
