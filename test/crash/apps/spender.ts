// An app with one step that calls a model, for processes that are killed in it.

import { generateText } from 'ai';
import { createApp, model, step, workflow } from 'holdfast';

export class Spender {
  @workflow()
  static async spend(): Promise<string> {
    return Spender.say();
  }

  @step()
  static async say(): Promise<string> {
    const { text } = await generateText({
      model: model('small'),
      prompt: 'Say it.',
      maxOutputTokens: 100,
      maxRetries: 0,
    });
    return text;
  }
}

export default createApp({ services: [Spender] });
