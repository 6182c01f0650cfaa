// A service with instances of its own settings, an input schema, and lanes of few places.

import { z } from 'zod';
import { step, workflow } from '../../../src/index.ts';
import { bodyRan } from './bodies.ts';
import { heldUntilLetGo } from './curtain.ts';

const Ticket = z.strictObject({
  title: z.string().min(1),
  urgency: z.number().int().default(3),
  tags: z.array(z.string()).optional(),
});

export class Desk {
  /** In which order the runs of the lane with one place began, over the scenarios of one time. */
  static readonly begun: string[] = [];
  readonly region: string;

  constructor(region: string) {
    this.region = region;
  }

  @workflow({ input: Ticket })
  async opens(ticket: z.output<typeof Ticket>): Promise<string> {
    return `${await this.file(ticket.title)} ${ticket.urgency}`;
  }

  @step()
  async file(title: string): Promise<string> {
    bodyRan(`file ${title}`);
    return `${this.region}/${title}`;
  }

  /** Takes the only place of its lane until it is let go. */
  @workflow({ lane: 'single' })
  static async occupies(name: string): Promise<void> {
    await Desk.hold(name);
  }

  @workflow({ lane: 'single' })
  static async queues(name: string): Promise<string> {
    return Desk.serve(name);
  }

  @workflow({ lane: 'rated' })
  static async rated(name: string): Promise<string> {
    return Desk.serve(name);
  }

  @step()
  static async hold(name: string): Promise<void> {
    bodyRan(`hold ${name}`);
    await heldUntilLetGo(name);
  }

  @step()
  static async serve(name: string): Promise<string> {
    bodyRan(`serve ${name}`);
    Desk.begun.push(name);
    return name;
  }
}
