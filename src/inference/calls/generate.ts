// A whole answer of an endpoint, as far as it is one.

import type { LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import { RetryableError } from '../../core/errors.ts';
import type { EndpointCall } from './endpoint-call.ts';
import { contentTokens } from './usage.ts';

/** Calls the endpoint and returns its answer. @throws RetryableError `model_unavailable` for an answer that says of itself that it is none */
export async function generated(call: EndpointCall): Promise<LanguageModelV4GenerateResult> {
  const result = await call.within(call.planned.endpoint.model.doGenerate(call.options));
  const { content, finishReason, usage, response } = result;
  const isNone = content.length === 0 && finishReason.unified === 'other' && finishReason.raw === undefined;
  if (isNone || finishReason.unified === 'error')
    throw new RetryableError('model_unavailable', 'The model broke off its answer, or gave none.');
  call.answered(usage, contentTokens(content), response?.headers);
  return result;
}
