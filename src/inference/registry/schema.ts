// Fields of models files in general, with what is said of them when they are wrong.

import { z } from 'zod';

/** Says that a field is missing, or `message` of one that is wrong. */
export const need = (message: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is missing' : message),
});

/** Text that is not empty. */
export const text = (message = 'must be text: put it in quotes') => z.string(need(message)).trim().min(1, 'is empty');

/** A whole number above 0. */
export const count = () => z.int(need('must be a whole number above 0')).positive('must be a whole number above 0');

/** What endpoints and classes may be called. */
export const NameSchema = z
  .string()
  .regex(/^[A-Za-z][\w.-]{0,63}$/, 'is no name: use up to 64 letters, digits, ., _ and -, a letter first');

/** The names that may stand in each kind of map, to tell which one was meant. */
export const KNOWN_FIELDS = {
  file: ['endpoints', 'classes', 'tenants'],
  endpoint: [
    'provider',
    'baseUrl',
    'model',
    'apiKey',
    'key',
    'price',
    'rpm',
    'tpm',
    'concurrency',
    'timeout',
    'maxOutput',
    'structured',
  ],
  price: ['input', 'cachedInput', 'cacheWrite', 'output', 'reasoning', 'currency', 'version', 'since'],
  key: ['env'],
  tenant: ['weight', 'rpm', 'tpm'],
  class: ['endpoints', 'degrade', 'prefer', 'route', 'rules', 'ask', 'otherwise'],
  rule: ['class', 'minTokens', 'tools', 'images', 'words'],
  ask: ['class', 'of', 'about'],
} as const;
