// A few of the random histories; `npm run test:chaos` plays any number of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../support/built';
import { drawStory } from './draw';
import { playHistory } from './history';
import { makeTemplate } from './world';

const seeds = [1, 2, 3];

test('a seed always draws the same story', () => {
  expect(drawStory(7)).toEqual(drawStory(7));
  expect(drawStory(7)).not.toEqual(drawStory(8));
});

test('trap 3: whatever is edited, deleted, lost and killed: nothing is missed, resurrected or invented', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-mirror-chaos-'));
  try {
    const product = { entry: await built() };
    const template = await makeTemplate(folder);
    const outcomes = await Promise.all(seeds.map((seed) => playHistory(seed, { product, template })));
    for (const { failures, story } of outcomes)
      if (failures.length > 0)
        throw new Error([...story, 'Replay: npm run test:chaos -- --story'].join('\n'));
    expect(outcomes.map(({ seed }) => seed)).toEqual(seeds);
    for (const { changes } of outcomes) expect(changes).toBeGreaterThan(20);
    expect(outcomes.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);
