// Which failure an answer with an error is: by its status, the provider's code, and, where those say too little, the provider's words.

import type { ModelFailure } from '../../core/model-failures.ts';

/** An answer that is no success. The words are looked at, and never told: they may quote the prompt or the key. */
export interface ErrorAnswer {
  status: number;
  /** The provider's code and type of the error, such as `context_length_exceeded`. */
  codes: readonly string[];
  words: string;
}

const CONTEXT_CODES = new Set([
  'context_length_exceeded',
  'context_window_exceeded',
  'exceed_context_size_error',
  'model_context_window_exceeded',
  'string_above_max_length',
  'request_too_large',
]);

/** OpenAI, Azure, vLLM, SGLang, TGI, llama.cpp, Anthropic, Google, Mistral, Bedrock, Groq, Fireworks and those that pass these on. */
const CONTEXT_WORDS = new RegExp(
  [
    'context (?:length|window|size|limit)',
    'maximum (?:model|prompt|input|sequence) length',
    '(?:prompt|input|request) is too long',
    'longer than the (?:maximum|model)',
    'input token count .*exceeds',
    'exceeds? the (?:maximum|max) (?:number of )?(?:input )?tokens',
    'too many (?:input )?tokens',
    'reduce the length of the (?:messages|prompt|input)',
    '`inputs` (?:tokens|must have less)',
    'too large for model with',
  ].join('|'),
  'i',
);

const FILTER_CODES = new Set([
  'content_filter',
  'content_filtered',
  'content_policy_violation',
  'responsibleaipolicyviolation',
  'moderation_blocked',
  'data_inspection_failed',
]);

const FILTER_WORDS =
  /content[ _-]?(?:filter|management policy|policy violation|moderation)|safety (?:system|filter)|flagged (?:as|by|for)|violat\w+ (?:our |the )?(?:usage|content) polic/i;

const OVERLOADED_CODES = new Set(['overloaded_error', 'overloaded', 'engine_overloaded', 'server_overloaded']);
const QUOTA_CODES = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_balance',
  'credit_balance_too_low',
]);
const QUOTA_WORDS = /(?:credit|account) balance is too low|insufficient (?:balance|credits|funds)/i;
const LIMIT_CODES = new Set(['rate_limit_exceeded', 'rate_limit_error', 'too_many_requests', 'tokens', 'requests']);
const AUTH_CODES = new Set(['invalid_api_key', 'authentication_error', 'permission_error', 'invalid_authentication']);
const MODEL_CODES = new Set(['model_not_found', 'deploymentnotfound', 'not_found_error']);
/** Of an answer that has none that says something: an error in the middle of a stream comes with status 200. */
const SERVER_CODES = new Set(['server_error', 'api_error', 'internal_server_error', 'internal_error', 'timeout']);

/** An answer as rules look at it. */
interface Seen {
  status: number;
  has: (codes: ReadonlySet<string>) => boolean;
  /** Whether an answer with a status of its own says so; the words of others are those of a model. */
  says: (words: RegExp) => boolean;
}

const isFiltered = ({ has, says }: Seen): boolean => has(FILTER_CODES) || says(FILTER_WORDS);

/** The first one that holds says which failure it is. */
const RULES: readonly [ModelFailure, (seen: Seen) => boolean][] = [
  [
    'model_quota_exhausted',
    ({ status, has, says }) => has(QUOTA_CODES) || status === 402 || (status < 500 && says(QUOTA_WORDS)),
  ],
  ['model_overloaded', ({ status, has }) => has(OVERLOADED_CODES) || status === 529],
  ['model_rate_limited', ({ status }) => status === 429],
  ['model_content_filtered', (seen) => seen.status === 403 && isFiltered(seen)],
  ['model_auth_failed', ({ status }) => status === 401 || status === 403],
  ['model_not_found', ({ status, has }) => status === 404 || has(MODEL_CODES)],
  ['model_unavailable', ({ status }) => status === 408 || status === 409],
  // Some servers answer 500 to what is too long for them: then the same request would fail for ever.
  ['model_context_exceeded', ({ status, has, says }) => has(CONTEXT_CODES) || status === 413 || says(CONTEXT_WORDS)],
  ['model_unavailable', ({ status }) => status >= 500],
  ['model_content_filtered', isFiltered],
  ['model_refused', ({ status }) => status >= 400],
  ['model_rate_limited', ({ has }) => has(LIMIT_CODES)],
  ['model_auth_failed', ({ has }) => has(AUTH_CODES)],
  ['model_unavailable', ({ has }) => has(SERVER_CODES)],
];

/** Returns the failure that an answer is; undefined where neither its status nor its codes say anything. */
export function answerFailure({ status, codes, words }: ErrorAnswer): ModelFailure | undefined {
  const seen: Seen = {
    status,
    has: (known) => codes.some((code) => known.has(code.toLowerCase())),
    says: (pattern) => status >= 400 && pattern.test(words),
  };
  return RULES.find(([, holds]) => holds(seen))?.[0];
}
