// The model that a class stands for: each call goes to one of its endpoints, and to another one when that fails.

import type { LanguageModelV4, LanguageModelV4CallOptions, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import { WaitForRecovery } from '../../core/wait-for-recovery.ts';
import { WaitForRoom } from '../../core/wait-for-room.ts';
import { ask, type Make, type Question } from './ask.ts';
import type { CallScope, PlannedCall } from '../calls/call.ts';
import type { AutoClass } from '../registry/class-definition.ts';
import { generated } from '../calls/generate.ts';
import { pickClass } from './pick-class.ts';
import type { EndpointsRoute, Routing } from './routing.ts';
import { startedStream } from '../calls/stream.ts';

/** Which endpoint answered a call and why, for its record. */
export interface Answering {
  /** The class that was asked for. */
  class: string;
  endpoint: string;
  /** The class whose endpoint answered, where that is another one. */
  by?: string;
  /** What spoke for the endpoint, and what against those before it. */
  choice: Record<string, unknown>;
}

/** A class as calls see it. */
export type ClassRoute = EndpointsRoute | (AutoClass & { name: string });

/** Returns a class by its name. @throws InvalidInput `model_class_unknown` */
export type FindClass = (name: string) => ClassRoute;

/** The provider metadata of an answer have it under this name. */
export const METADATA = 'holdfast';

/** Returns which endpoint gave an answer with these provider metadata; undefined where no class was asked. */
export function answeringOf(metadata: SharedV4ProviderMetadata | undefined): Answering | undefined {
  return metadata?.[METADATA] as Answering | undefined;
}

/**
 * Returns the model of the class `name`, for calls on behalf of `scope`. Which endpoint it asks is decided with each call; its `provider`
 * and `modelId` are those of the endpoint that was asked last, before the first call those of the endpoint that comes first. Calls fail as
 * `ask` says.
 */
export function classModel(
  routing: Routing,
  find: FindClass,
  name: string,
  scope: CallScope = NOBODY,
): LanguageModelV4 {
  const asked = { endpoint: firstEndpoint(find, name) };
  const answer = async <T>(options: LanguageModelV4CallOptions, make: Make<T>): Promise<T> => {
    try {
      const question = await questionOf(routing, find, { class: name, scope, options });
      return await ask(routing, question, (call) => {
        asked.endpoint = call.planned.endpoint;
        return make(call);
      });
    } catch (error) {
      if (error instanceof WaitForRoom || error instanceof WaitForRecovery) scope.waits?.(error);
      throw error;
    }
  };
  const marked = (metadata: SharedV4ProviderMetadata | undefined, { endpoint, choice, class: by }: PlannedCall) => {
    const answering: Answering = { class: name, endpoint: endpoint.name, choice, ...(by !== name && { by }) };
    return { ...metadata, [METADATA]: JSON.parse(JSON.stringify(answering)) } as SharedV4ProviderMetadata;
  };
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
    doGenerate: (options) =>
      answer(options, async (call) => {
        const result = await generated(call);
        return { ...result, providerMetadata: marked(result.providerMetadata, call.planned) };
      }),
    doStream: (options) => answer(options, (call) => startedStream(call, (metadata) => marked(metadata, call.planned))),
  };
}

/** On whose behalf a model is called outside of any step. */
const NOBODY: CallScope = {
  runId: undefined,
  stepId: undefined,
  step: '',
  attempt: 1,
  tenant: undefined,
  signal: new AbortController().signal,
  settleWithStep: () => false,
};

async function questionOf(
  routing: Routing,
  find: FindClass,
  asked: Pick<Question, 'class' | 'scope' | 'options'>,
): Promise<Question> {
  const question: Question = { ...asked, classOf: (name) => endpointsOf(find, name), choice: {} };
  const found = find(asked.class);
  if (found.kind === 'endpoints') return question;
  const { class: name, ...how } = await pickClass(routing, found, question);
  return { ...question, class: name, choice: { auto: asked.class, ...how } };
}

/** Classes that leave the choice open lead to none that do: the definitions are checked for that. */
function endpointsOf(find: FindClass, name: string): EndpointsRoute {
  const found = find(name);
  return found.kind === 'endpoints' ? found : endpointsOf(find, found.otherwise);
}

function firstEndpoint(find: FindClass, name: string): EndpointsRoute['endpoints'][number] {
  return endpointsOf(find, name).endpoints[0]!;
}
