// Somebody who knows nothing of the mirror and writes straight into its table.
import { connectTarget } from './target';

export interface Meddling {
  column: string;
  changed: string;
  deleted: string;
}

/** Changes a column of one row and deletes another, past the mirror. */
export async function meddle(url: string, { column, changed, deleted }: Meddling): Promise<void> {
  const database = connectTarget(url);
  try {
    await database('Leads').where('id', changed).update(column, 'Somebody else');
    await database('Leads').where('id', deleted).delete();
  } finally {
    await database.destroy();
  }
}
