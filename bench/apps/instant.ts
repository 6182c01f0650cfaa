// A workflow that does nothing but say when its body began.

import { createApp, step, workflow } from 'holdfast';

export class Instant {
  @workflow()
  static async run(): Promise<number> {
    return Instant.clock();
  }

  @step()
  static async clock(): Promise<number> {
    return Date.now();
  }
}

export default createApp({ services: [Instant] });
