// The model that a class stands for: each call goes to one of its endpoints, within that one's time, and is counted there.

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import { RetryableError } from '../core/errors.ts';
import { startTimer } from '../lib/timer.ts';
import type { Endpoint } from './endpoint.ts';
import { classifyModelError } from './errors.ts';
import { route } from './route.ts';

/** Which endpoint answered a call, for its record. */
export interface Answering {
  class: string;
  endpoint: string;
}

/** The provider metadata of an answer have it under this name. */
const METADATA = 'holdfast';

/** Returns which endpoint gave an answer with these provider metadata; undefined where no class was asked. */
export function answeringOf(metadata: SharedV4ProviderMetadata | undefined): Answering | undefined {
  return metadata?.[METADATA] as Answering | undefined;
}

/**
 * Returns the model of the class `name`. Which endpoint it asks is decided with each call; its `provider` and `modelId` are those of the
 * endpoint that was asked last, before the first call those of the endpoint that comes first. Calls fail as `classifyModelError` says.
 */
export function classModel(name: string, endpoints: readonly Endpoint[]): LanguageModelV4 {
  const asked = { endpoint: endpoints[0]! };
  const choose = (): Endpoint => {
    asked.endpoint = route(endpoints)[0]!;
    return asked.endpoint;
  };
  const marked = (metadata: SharedV4ProviderMetadata | undefined, endpoint: Endpoint): SharedV4ProviderMetadata => ({
    ...metadata,
    [METADATA]: { class: name, endpoint: endpoint.name } satisfies Answering,
  });
  return {
    specificationVersion: 'v4',
    get provider() {
      return asked.endpoint.provider;
    },
    get modelId() {
      return asked.endpoint.modelId;
    },
    get supportedUrls() {
      return asked.endpoint.model.supportedUrls;
    },
    async doGenerate(options) {
      const endpoint = choose();
      const call = new EndpointCall(endpoint, options);
      try {
        const result = await call.within(endpoint.model.doGenerate(call.options));
        call.succeeded();
        return { ...result, providerMetadata: marked(result.providerMetadata, endpoint) };
      } catch (error) {
        throw call.failed(error);
      } finally {
        call.end();
      }
    },
    async doStream(options) {
      const endpoint = choose();
      const call = new EndpointCall(endpoint, options);
      try {
        const result = await call.within(endpoint.model.doStream(call.options));
        const parts = watched(result.stream, call, (metadata) => marked(metadata, endpoint));
        return { ...result, stream: ReadableStream.from(parts) };
      } catch (error) {
        call.end();
        throw call.failed(error);
      }
    },
  };
}

/** Hands on the parts of a stream, and counts how it ends. A reader that leaves early is no failure of the endpoint. */
async function* watched(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  call: EndpointCall,
  marked: (metadata: SharedV4ProviderMetadata | undefined) => SharedV4ProviderMetadata,
): AsyncGenerator<LanguageModelV4StreamPart> {
  let isFinished = false;
  let hasFailed = false;
  try {
    for await (const part of stream) {
      if (part.type === 'error') {
        hasFailed = true;
        yield { ...part, error: call.failed(part.error) };
      } else if (part.type === 'finish') {
        isFinished = true;
        yield { ...part, providerMetadata: marked(part.providerMetadata) };
      } else yield part;
    }
    if (isFinished && !hasFailed) call.succeeded();
    else if (!hasFailed)
      throw new RetryableError('model_unavailable', 'The model broke off its answer before the end.');
  } catch (error) {
    throw call.failed(error);
  } finally {
    call.end();
  }
}

/** One call of an endpoint: its time, and its place in the endpoint's health. */
class EndpointCall {
  readonly options: LanguageModelV4CallOptions;
  readonly #endpoint: Endpoint;
  readonly #caller: AbortSignal | undefined;
  readonly #late = Promise.withResolvers<never>();
  #expired: RetryableError | undefined;
  readonly end: () => void = () => {};

  constructor(endpoint: Endpoint, options: LanguageModelV4CallOptions) {
    const { timeoutMs } = endpoint.limits;
    this.#endpoint = endpoint;
    this.#caller = options.abortSignal;
    this.options = options;
    this.#late.promise.catch(() => {});
    if (timeoutMs === undefined) return;
    const controller = new AbortController();
    this.end = startTimer(timeoutMs, () => {
      this.#expired = new RetryableError(
        'model_timeout',
        `The endpoint ${endpoint.name} did not answer within its time of ${timeoutMs} ms.`,
        { details: { endpoint: endpoint.name, model: endpoint.modelId } },
      );
      controller.abort(this.#expired);
      this.#late.reject(this.#expired);
    });
    const signals = [controller.signal, ...(options.abortSignal ? [options.abortSignal] : [])];
    this.options = { ...options, abortSignal: AbortSignal.any(signals) };
  }

  /** Settles as `answer` does, or fails when the time is up: a model need not listen to its signal. */
  within<T>(answer: PromiseLike<T>): Promise<T> {
    return Promise.race([answer, this.#late.promise]);
  }

  succeeded(): void {
    this.#endpoint.health.succeeded(Date.now());
  }

  /** Counts the failure. Returns the error to throw: without the provider's own words, which may quote the key or the prompt. */
  failed(error: unknown): unknown {
    if (this.#isGivenUp()) return error;
    const { modelId, baseUrl, health } = this.#endpoint;
    const classified = classifyModelError(this.#expired ?? error, {
      model: modelId,
      ...(baseUrl && { endpoint: baseUrl }),
    });
    health.failed(classified.code, Date.now());
    return classified;
  }

  /** A step whose time is up has waited for the endpoint: that is no wish of the caller. */
  #isGivenUp(): boolean {
    return this.#caller?.aborted === true && !(this.#caller.reason instanceof RetryableError);
  }
}
