// The recorded text of a step's result: the same as the SDK's own, at the price of JSON for what is JSON.

import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import { isPlainJson } from '../core/plain-json.ts';

/** A result in the form in which it is recorded, and as the workflow gets it: a copy, as it would be after a replay. */
export interface RecordableResult<T> {
  text: string;
  value: T;
}

/** Writes `result` once; what cannot change needs no copy. */
export function recordableResult<T>(result: T): RecordableResult<T> {
  if (!isPlainJson(result)) {
    const text = serialization.DBOSJSON.stringify(result);
    return { text, value: serialization.DBOSJSON.parse(text) as T };
  }
  const json = JSON.stringify(result);
  const { SERIALIZER_MARKER_KEY: key, SERIALIZER_MARKER_VALUE: marker } = serialization;
  const isObject = typeof result === 'object' && result !== null;
  return {
    text: `{"json":${json},"${key}":"${marker}"}`,
    value: isObject ? (JSON.parse(json) as T) : result,
  };
}
