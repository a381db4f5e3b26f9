// Temporal, the pretended CRM, the API and one worker, for a bench: as in the demo, but with Zoho's page size and nothing else going on.
import { House, type HouseOptions } from '../demo/house';

const zohoPageRows = 200_000;

export const openRig = (
  options: Pick<
    HouseOptions,
    'records' | 'target' | 'notifyBatch' | 'batchRows' | 'yaml' | 'catchUp' | 'say'
  >,
): Promise<House> => House.open({ ...options, pageRows: zohoPageRows, seed: 1, pollFirst: '30s' });
