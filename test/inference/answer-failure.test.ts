// Answers with errors as the usual providers word them.

import { APICallError } from '@ai-sdk/provider';
import { expect, test } from 'vitest';
import { RetryableError } from '../../src/core/errors.ts';
import { MODEL_FAILURES, type ModelFailure } from '../../src/core/model-failures.ts';
import { classifyModelError } from '../../src/inference/errors/errors.ts';

type Answer = [provider: string, status: number, error: Record<string, unknown>, code: ModelFailure];

const ANSWERS: Answer[] = [
  [
    'OpenAI',
    400,
    { code: 'context_length_exceeded', message: "This model's maximum context length is 128000 tokens." },
    'model_context_exceeded',
  ],
  [
    'vLLM',
    400,
    {
      type: 'BadRequestError',
      code: 400,
      message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    },
    'model_context_exceeded',
  ],
  [
    'vLLM, longer prompt',
    400,
    { message: 'The decoder prompt (length 9000) is longer than the maximum model length of 8192.' },
    'model_context_exceeded',
  ],
  [
    'SGLang',
    400,
    { message: "The input (9000 tokens) is longer than the model's context length (8192 tokens)." },
    'model_context_exceeded',
  ],
  [
    'Anthropic',
    400,
    { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
    'model_context_exceeded',
  ],
  [
    'Anthropic, output too',
    400,
    {
      type: 'invalid_request_error',
      message: 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
    },
    'model_context_exceeded',
  ],
  [
    'Google',
    400,
    { message: 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048575).' },
    'model_context_exceeded',
  ],
  [
    'llama.cpp',
    500,
    { type: 'exceed_context_size_error', message: 'the request exceeds the available context size' },
    'model_context_exceeded',
  ],
  [
    'TGI',
    422,
    { message: 'Input validation error: `inputs` must have less than 4096 tokens. Given: 5000' },
    'model_context_exceeded',
  ],
  [
    'Groq',
    400,
    { message: 'Please reduce the length of the messages or completion.', code: 'context_length_exceeded' },
    'model_context_exceeded',
  ],
  [
    'Mistral',
    400,
    {
      message: 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    },
    'model_context_exceeded',
  ],
  ['Bedrock', 400, { message: 'Input is too long for requested model.' }, 'model_context_exceeded'],
  ['a proxy', 413, { message: 'Request Entity Too Large' }, 'model_context_exceeded'],
  [
    'Azure',
    400,
    {
      code: 'content_filter',
      message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    },
    'model_content_filtered',
  ],
  [
    'Azure, further inside',
    400,
    { code: 'BadRequest', innererror: { code: 'ResponsibleAIPolicyViolation' }, message: 'No.' },
    'model_content_filtered',
  ],
  [
    'OpenAI, images',
    400,
    { code: 'moderation_blocked', message: 'Rejected by the safety system.' },
    'model_content_filtered',
  ],
  [
    'Anthropic, filter',
    400,
    { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
    'model_content_filtered',
  ],
  ['OpenAI, key', 401, { code: 'invalid_api_key', message: 'Incorrect API key provided' }, 'model_auth_failed'],
  ['a gateway', 403, { message: 'Forbidden' }, 'model_auth_failed'],
  [
    'a gateway with a filter',
    403,
    { message: 'Your request was flagged by moderation: content moderation' },
    'model_content_filtered',
  ],
  [
    'OpenAI, money',
    429,
    { code: 'insufficient_quota', message: 'You exceeded your current quota' },
    'model_quota_exhausted',
  ],
  [
    'Anthropic, money',
    400,
    { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' },
    'model_quota_exhausted',
  ],
  ['DeepSeek, money', 402, { message: 'Insufficient Balance' }, 'model_quota_exhausted'],
  [
    'OpenAI, limit',
    429,
    { code: 'rate_limit_exceeded', type: 'tokens', message: 'Rate limit reached' },
    'model_rate_limited',
  ],
  ['Anthropic, overloaded', 529, { type: 'overloaded_error', message: 'Overloaded' }, 'model_overloaded'],
  ['a gateway, overloaded', 503, { type: 'overloaded_error', message: 'Overloaded' }, 'model_overloaded'],
  ['OpenAI, model', 404, { code: 'model_not_found', message: 'The model does not exist' }, 'model_not_found'],
  ['Azure, deployment', 404, { code: 'DeploymentNotFound', message: 'No such deployment' }, 'model_not_found'],
  ['a server', 500, { type: 'server_error', message: 'The server had an error' }, 'model_unavailable'],
  ['a proxy, late', 504, { message: 'Gateway Timeout' }, 'model_unavailable'],
  ['a schema', 400, { type: 'invalid_request_error', message: 'Invalid schema for function' }, 'model_refused'],
];

test.each(ANSWERS)('%s: %i', (_provider, statusCode, error, code) => {
  const body = { error };
  const thrown = new APICallError({
    message: String(error['message']),
    url: 'https://a.example/v1/chat/completions',
    requestBodyValues: { model: 'm-1' },
    statusCode,
    responseHeaders: { 'retry-after': '3' },
    responseBody: JSON.stringify(body),
    data: body,
  });
  const found = classifyModelError(thrown);
  expect(found.code).toBe(code);
  expect(found instanceof RetryableError).toBe(MODEL_FAILURES[code].again);
  expect(found.message).toContain(`Model m-1 at a.example answered ${statusCode}`);
  expect(found.message).not.toContain(error['message']);
  expect((found as RetryableError).retryAfterMs).toBe(MODEL_FAILURES[code].again ? 3000 : undefined);
});

test('words are found where the body has another form than OpenAI’s', () => {
  const thrown = new APICallError({
    message: 'Bad Request',
    url: 'https://a.example/v1',
    requestBodyValues: {},
    statusCode: 400,
    responseBody: '{"object":"error","message":"This model\'s maximum context length is 4096 tokens.","code":400}',
  });
  expect(classifyModelError(thrown).code).toBe('model_context_exceeded');
});

test.each<[object, ModelFailure]>([
  [{ message: 'Overloaded', type: 'overloaded_error' }, 'model_overloaded'],
  [{ message: 'Slow down', code: 'rate_limit_exceeded' }, 'model_rate_limited'],
  [{ message: 'out of memory', code: 500 }, 'model_unavailable'],
  [{ message: 'too long', code: 'context_length_exceeded' }, 'model_context_exceeded'],
  [{ message: 'who knows' }, 'model_failed'],
])('in the middle of a stream: %j', (error, code) => {
  expect(classifyModelError(error).code).toBe(code);
});
