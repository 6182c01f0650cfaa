// Prints `N passed, N failed` for the JSON reports of vitest that are given as arguments; the last line of continuous
// integration. Plain JavaScript, because it has to say something even where nothing could be installed.

import { existsSync, readFileSync } from 'node:fs';

/** A file that failed before it had a test counts as a failed test; so does a missing report, whose run did not get to its end. */
function totalsOf(path) {
  if (!existsSync(path)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

const totals = process.argv.slice(2).map(totalsOf);
const sum = (key) => totals.reduce((total, report) => total + report[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
if (sum('failed') > 0) process.exitCode = 1;
