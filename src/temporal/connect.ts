// How this process reaches Temporal: settings as every Temporal tool reads them (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, profiles, TLS, API key).
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { createDataConverter, type PayloadKey } from './payload-codec';

const defaultAddress = 'localhost:7233';

const settings = (): {
  address: string;
  namespace: string;
  options: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
} => {
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: setVariables() });
  const address = connectionOptions.address ?? defaultAddress;
  return { address, namespace: namespace ?? 'default', options: { ...connectionOptions, address } };
};

/** An empty variable counts as unset, here as everywhere. */
const setVariables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );

export const temporalAddress = (): string => settings().address;

/** Connects when it is first used, and again whenever it has to. */
export function createTemporalClient(payloadKeys: readonly PayloadKey[]): Client {
  const { options, namespace } = settings();
  return new Client({
    connection: Connection.lazy(options),
    namespace,
    dataConverter: createDataConverter(payloadKeys),
  });
}

export async function connectWorker(): Promise<{ connection: NativeConnection; namespace: string }> {
  const { options, namespace } = settings();
  return { connection: await NativeConnection.connect(options), namespace };
}
