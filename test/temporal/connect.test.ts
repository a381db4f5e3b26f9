// An empty variable counts as unset, as everywhere: files of variables for services and containers are full of them.
import { temporalAddress } from '../../src/temporal';

const before = process.env.TEMPORAL_ADDRESS;
afterEach(() => {
  if (before === undefined) delete process.env.TEMPORAL_ADDRESS;
  else process.env.TEMPORAL_ADDRESS = before;
});

test.each([
  ['', 'localhost:7233'],
  ['temporal.example:7233', 'temporal.example:7233'],
])('TEMPORAL_ADDRESS=%j leads to %s', (value, address) => {
  process.env.TEMPORAL_ADDRESS = value;
  expect(temporalAddress()).toBe(address);
});
