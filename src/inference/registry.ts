// Which language model answers for a model class such as `small` or `reasoning`.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import { InvalidInput } from '../core/errors.ts';
import { LocalPool } from './local/pool.ts';
import { createLocalModel, localModelId } from './models/local.ts';
import { createOpenAIModel, shownUrl, type OpenAIEndpoint } from './models/openai.ts';

/** What may be configured. Without `openai` every class is answered by the offline local model. */
export interface ModelsConfig {
  openai?: OpenAIEndpoint | undefined;
}

/** What stands behind the model classes, fit for logs and pages: it never holds a key. */
export interface ModelsDescription {
  name: string;
  provider: 'local' | 'openai-compatible';
  model: string;
  baseUrl?: string;
}

/** The models of a process. */
export interface Models {
  /**
   * The model for a class. `local` is always the offline model; any other class is the configured endpoint, where there
   * is one.
   */
  model(className: string): LanguageModelV4;
  describe(): ModelsDescription;
  /** Ends the local model's threads. Calls afterwards fail with `Unavailable` `models_closed`. */
  close(): Promise<void>;
}

/**
 * Builds the models from the configuration; nothing is started or called before the first question. Throws Unavailable
 * `model_config_invalid`.
 */
export function createModels(config: ModelsConfig = {}): Models {
  const pool = new LocalPool();
  const local = createLocalModel(pool);
  const remote = config.openai ? createOpenAIModel(config.openai) : undefined;
  return {
    model(className) {
      if (className.trim() === '')
        throw new InvalidInput('model_class_invalid', 'A model class needs a name, such as "small" or "reasoning".');
      return className === 'local' ? local : (remote ?? local);
    },
    describe() {
      if (!config.openai) return { name: 'local', provider: 'local', model: localModelId };
      return {
        name: 'openai',
        provider: 'openai-compatible',
        model: config.openai.model,
        baseUrl: shownUrl(config.openai.baseUrl),
      };
    },
    close: () => pool.close(),
  };
}
