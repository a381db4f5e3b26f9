// Some histories of the law; `npm run test:law` plays ten thousand.
import { openLawBench } from './law';

const histories = Number(process.env.LAW_HISTORIES ?? 200);

test(`${histories} random histories keep the law, the ledger and the rejects`, async () => {
  const bench = await openLawBench();
  try {
    for (let seed = 1; seed <= histories; seed += 1)
      await bench.play(seed).catch((error: unknown) => {
        throw new Error(`history ${seed} (npm run test:law -- --start ${seed} --histories 1)`, {
          cause: error,
        });
      });
    expect(histories).toBeGreaterThan(0);
  } finally {
    await bench.close();
  }
}, 300_000);
