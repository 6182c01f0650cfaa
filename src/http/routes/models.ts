// The endpoints and model classes of the process that answers.

import type { Models } from '../../inference/registry/registry.ts';
import { ModelsSchema } from '../models-contract.ts';
import type { Route } from '../route.ts';

/** Returns the route of `/v1/models`. */
export function modelsRoute(models: Pick<Models, 'view' | 'routing'>): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/models',
      summary: 'Endpoints and model classes',
      description:
        'What this process has, with limits, prices and health. Another process may have read another file, and has calls of its own.',
      tag: 'Operations',
      answers: { 200: { description: 'The models', schema: ModelsSchema } },
    },
    handle: async () => {
      await models.routing.breakers.look();
      return { status: 200, body: models.view() };
    },
  };
}
