// `holdfast models`: shows the endpoints and model classes of a running service.

import { Command } from 'commander';
import type { ClassView, EndpointView, ModelsView } from '../inference/registry/view.ts';
import { problemLine } from '../inference/registry/models-yaml.ts';
import { type ClientFlags, clientOptions, request } from './client.ts';
import { jsonOption, print, table } from './output.ts';

type Flags = ClientFlags & { json?: boolean };

/** Returns the command. */
export function modelsCommand(): Command {
  const models = new Command('models').description('show the endpoints and model classes of a service');
  const list = models
    .command('list')
    .description('list endpoints with classes, prices and health')
    .addOption(jsonOption());
  for (const option of clientOptions()) list.addOption(option);
  list.action(async (flags: Flags) => {
    const view = (await (await request(flags, 'GET', '/v1/models')).json()) as ModelsView;
    print(flags.json, view, describe(view));
  });
  return models;
}

function describe({ endpoints, classes, file, problems }: ModelsView): string {
  const rows = endpoints.map((endpoint) => [
    endpoint.name,
    endpoint.model,
    endpoint.classes.join(', '),
    priceOf(endpoint),
    healthOf(endpoint),
    endpoint.baseUrl ?? endpoint.provider,
  ]);
  const sections = [
    table(['ENDPOINT', 'MODEL', 'CLASSES', 'USD IN/OUT PER M', 'HEALTH', 'AT'], rows),
    classes.map(classLine).join('\n'),
  ];
  if (problems.length > 0) {
    const lines = problems.map((problem) => problemLine(file ?? '', problem));
    sections.push(`The file is not used as it is now:\n${lines.join('\n')}`);
  }
  return sections.join('\n\n');
}

function classLine({ name, endpoints, route, classes }: ClassView): string {
  if (route === 'auto') return `${name}: one of ${classes.join(', ')}`;
  const below = classes.length === 0 ? '' : `; then ${classes.join(', ')}`;
  return `${name}: ${endpoints.join(', ')}${route === 'price' ? ' (by price)' : ''}${below}`;
}

function priceOf({ price }: EndpointView): string {
  return price ? `${price.input} / ${price.output}` : 'unknown';
}

function healthOf({ health: { state, calls, failures, lastFailure }, breaker }: EndpointView): string {
  if (breaker.state === 'open') return `left alone until ${breaker.until} (${breaker.reason})`;
  if (breaker.state === 'half_open') return `tried again (${breaker.reason})`;
  if (state === 'unknown') return state;
  return `${state} (${failures} of ${calls} failed${lastFailure ? `, ${lastFailure.code}` : ''})`;
}
