// Some histories of damaged pages; `npm run test:law` plays ten thousand.
import { playPage } from './pages';

const histories = Number(process.env.LAW_HISTORIES ?? 200);

test(`${histories} random pages, most of them damaged: none passes for whole that is not`, async () => {
  for (let seed = 1; seed <= histories; seed += 1)
    await playPage(seed).catch((error: unknown) => {
      throw new Error(`history ${seed} (npm run test:law -- --start ${seed} --histories 1)`, {
        cause: error,
      });
    });
  expect(histories).toBeGreaterThan(0);
}, 300_000);
