// The entry of a service process that kills itself: `crashing.js <app> <crash point>`. Otherwise it is `holdfast start <app>`.

import { loadApp } from '../cli/load-app.ts';
import { readConfig } from '../config.ts';
import { main } from '../main.ts';
import { crashAt, type CrashPoint } from './crash.ts';

const [app, point] = process.argv.slice(2);
await main(await loadApp(app!), readConfig(), { probe: crashAt(point as CrashPoint) });
