// The provider of the budgets bench: it charges for every request that it gets, whether anybody hears the answer or not.

import { type ChatRequest, type ModelServer, startModelServer, type Turn } from 'holdfast/testing';

/** US dollars per million tokens. */
const PRICES: Record<string, { input: number; output: number }> = {
  large: { input: 1, output: 4 },
  small: { input: 0.1, output: 0.4 },
};
/** As much as an answer may have where nobody says so. */
const MOST_OUTPUT = 256;
const THINKING_MS = 400;
const BYTES_OF_TOKEN = 4;

export interface Provider {
  server: ModelServer;
  /** What was charged for so far, and for how many requests. */
  charged(): { usd: number; requests: number };
}

/** Starts the provider. Its model wants to see another page each time, in answers of any length that it is allowed. */
export async function startProvider(): Promise<Provider> {
  const charged = { usd: 0, requests: 0 };
  const script = (request: ChatRequest, n: number): Turn => {
    const allowed = Number(request.max_tokens ?? MOST_OUTPUT);
    const outputTokens = Math.min(allowed, 1 + ((n * 97) % (MOST_OUTPUT + 64)));
    const inputTokens = Math.ceil(JSON.stringify(request.messages).length / BYTES_OF_TOKEN);
    const { input, output } = PRICES[request.model]!;
    charged.usd += (inputTokens * input + outputTokens * output) / 1_000_000;
    charged.requests += 1;
    const usage = { inputTokens, outputTokens };
    if (!request.tools?.length) return { text: 'Said.', usage };
    return { toolCalls: [{ name: 'look', args: { page: n } }], usage, delayMs: THINKING_MS };
  };
  const server = await startModelServer(script, { record: false });
  return { server, charged: () => ({ ...charged }) };
}

/** Returns the `models.yaml` for the provider at `url`. */
export function modelsOf(url: string): string {
  const endpoints = Object.entries(PRICES).map(
    ([name, price]) =>
      `  ${name}: { baseUrl: "${url}", model: ${name}, maxOutput: ${MOST_OUTPUT}, price: ${JSON.stringify(price)} }`,
  );
  return ['endpoints:', ...endpoints, 'classes:', '  reasoning: [large]', '  small: [small]', ''].join('\n');
}
