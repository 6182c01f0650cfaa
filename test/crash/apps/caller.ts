// An app whose runs make one call of a model each.

import { generateText } from 'ai';
import { createApp, model, step, workflow } from 'holdfast';

export class Caller {
  @step({ retries: { attempts: 3 } })
  static async ask(prompt: string): Promise<string> {
    return (await generateText({ model: model('small'), prompt, maxOutputTokens: 20, maxRetries: 0 })).text;
  }

  @workflow()
  static async call(prompt: string): Promise<string> {
    return Caller.ask(prompt);
  }
}

export default createApp({ services: [Caller] });
