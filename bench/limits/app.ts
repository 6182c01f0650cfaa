// A service whose runs make one call each.

import { generateText } from 'ai';
import { createApp, model, step, workflow } from 'holdfast';
import { MOST_OUTPUT, promptOf } from './demand.ts';

export class Caller {
  @step({ retries: { attempts: 50, backoff: { initial: '1s', max: '10s' } } })
  static async ask(id: string): Promise<string> {
    const prompt = promptOf(id);
    const { text } = await generateText({ model: model('small'), prompt, maxOutputTokens: MOST_OUTPUT, maxRetries: 0 });
    return text;
  }

  @workflow({ lane: 'calls' })
  static async call(id: string): Promise<string> {
    return Caller.ask(id);
  }
}

export default createApp({ services: [Caller], lanes: { calls: { concurrency: 100 } } });
