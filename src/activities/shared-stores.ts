// What all processes that talk to one Zoho org share by way of the database: one access token and one budget of API credits.
import type { Database } from '../db';
import type { CreditStore, TokenStore } from '../zoho';

const tokenName = 'zoho';

export const sharedStores = (db: Database): { tokenStore: TokenStore; creditStore: CreditStore } => ({
  tokenStore: {
    read: () => db.readToken(tokenName),
    write: (sealed) => db.writeToken(tokenName, sealed),
    claim: (holder, forMs) => db.claim(`token ${tokenName}`, holder, forMs),
  },
  creditStore: { write: (minutes) => db.writeSpent(minutes), read: (since) => db.readSpent(since) },
});
