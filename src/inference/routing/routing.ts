// What the calls of a process go through, and what they have in common: gates and breakers.

import type { Answers } from '../kept/answers.ts';
import type { Gate } from '../calls/call.ts';
import { Breakers } from './breakers.ts';
import type { EndpointsClass } from '../registry/class-definition.ts';
import type { Endpoint } from '../registry/endpoint.ts';
import { LastAnswers } from './last-answers.ts';
import { MessageSizes } from '../calls/prompt.ts';

/** A class with its endpoints. */
export interface EndpointsRoute extends Omit<EndpointsClass, 'endpoints'> {
  name: string;
  endpoints: readonly Endpoint[];
}

/** Returns in how many milliseconds the limits of an endpoint have room for a call; 0 where they have it now. */
export type RoomInMs = (endpoint: Endpoint) => number;

export class Routing {
  readonly breakers = new Breakers();
  readonly lasts = new LastAnswers();
  readonly sizes = new MessageSizes();
  /** In the order in which a call enters them. */
  gates: readonly Gate[] = [];
  roomInMs: RoomInMs = () => 0;
  /** Where answers are kept; nowhere without it. */
  answers: Answers | undefined;
}
