import { inspect } from 'node:util';
import type { TokenStore } from '../../src/zoho';
import { failureOf } from './support/failure';
import { grant, json, withScript, type Script } from './support/server';

const modules = json(200, { modules: [] });
const refusing =
  (dead: (token: string | undefined) => boolean, code = 'INVALID_TOKEN'): Script =>
  ({ token }) =>
    dead(token) ? json(401, { code, status: 'error', message: 'invalid oauth token', details: {} }) : modules;
const denied = json(400, {
  error_description: 'Zu viele Anfragen',
  error: 'Access Denied',
  status: 'failure',
});

function memoryStore(): TokenStore & { sealed?: string } {
  const store: TokenStore & { sealed?: string } = {
    read: () => Promise.resolve(store.sealed),
    write: (sealed) => {
      store.sealed = sealed;
      return Promise.resolve();
    },
  };
  return store;
}

test('trap 10: calls at the same time share one token request', async () => {
  await withScript({ api: () => modules }, async ({ zoho, seen, tokenRequests }) => {
    await Promise.all([zoho.modules(), zoho.modules(), zoho.modules()]);
    await zoho.modules();
    expect(tokenRequests()).toBe(1);
    expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-1', 'token-1', 'token-1']);
  });
});

test.each(['INVALID_TOKEN', 'AUTHENTICATION_FAILURE', 'INVALID_OAUTHTOKEN'])(
  'after 401 %s one fresh token is fetched and the call repeated',
  async (code) => {
    await withScript(
      { api: refusing((token) => token === 'token-1', code) },
      async ({ zoho, seen, tokenRequests }) => {
        await zoho.modules();
        expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-2']);
        expect(tokenRequests()).toBe(2);
      },
    );
  },
);

test('a fresh token that is refused too is permanent, without a third try', async () => {
  await withScript({ api: refusing(() => true) }, async ({ zoho, seen, tokenRequests }) => {
    const error = await failureOf(zoho.modules());
    expect(error).toMatchObject({ verdict: 'permanent', code: 'INVALID_TOKEN', status: 401 });
    expect(seen).toHaveLength(2);
    expect(tokenRequests()).toBe(2);
  });
});

test('a missing scope is permanent and asks for no other token', async () => {
  await withScript({ api: refusing(() => true, 'OAUTH_SCOPE_MISMATCH') }, async ({ zoho, tokenRequests }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({
      verdict: 'permanent',
      code: 'OAUTH_SCOPE_MISMATCH',
    });
    expect(tokenRequests()).toBe(1);
  });
});

test('calls whose token dies at the same time share one fresh one', async () => {
  await withScript({ api: refusing((token) => token === 'token-1') }, async ({ zoho, tokenRequests }) => {
    await Promise.all([zoho.modules(), zoho.modules(), zoho.modules()]);
    expect(tokenRequests()).toBe(2);
  });
});

test('two processes share one token through the store, sealed', async () => {
  const tokenStore = memoryStore();
  await withScript(
    { api: () => modules, options: { tokenStore } },
    async ({ zoho, another, tokenRequests }) => {
      await zoho.modules();
      await another().modules();
      expect(tokenRequests()).toBe(1);
      expect(tokenStore.sealed).toMatch(/^v1\.[\w-]+$/);
      expect(tokenStore.sealed).not.toContain('token-1');
    },
  );
});

test('a refused token is first replaced by the newer one of the store', async () => {
  const tokenStore = memoryStore();
  const dead = new Set<string>();
  const api = refusing((token) => dead.has(token ?? ''));
  await withScript({ api, options: { tokenStore } }, async ({ zoho, another, seen, tokenRequests }) => {
    await zoho.modules(); // token-1
    dead.add('token-1');
    await another().modules(); // takes token-1 out of the store, then fetches token-2
    await zoho.modules();
    expect(tokenRequests()).toBe(2);
    expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-1', 'token-2', 'token-1', 'token-2']);
  });
});

test('when the newer token of the store is dead too, one fresh token is fetched', async () => {
  const tokenStore = memoryStore();
  const dead = new Set<string>();
  const api = refusing((token) => dead.has(token ?? ''));
  await withScript({ api, options: { tokenStore } }, async ({ zoho, another, seen }) => {
    await zoho.modules();
    dead.add('token-1');
    await another().modules();
    dead.add('token-2');
    seen.length = 0;
    await zoho.modules();
    expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-2', 'token-3']);
  });
});

test('a store that fails costs sharing, not the call', async () => {
  const tokenStore: TokenStore = {
    read: () => Promise.reject(new Error('down')),
    write: () => Promise.reject(new Error('down')),
  };
  await withScript({ api: () => modules, options: { tokenStore } }, async ({ zoho, seen }) => {
    await zoho.modules();
    expect(seen).toHaveLength(1);
  });
});

test('a token is renewed ahead of its end', async () => {
  const clock = { ms: Date.now() };
  await withScript({ api: () => modules, options: { clock: () => clock.ms } }, async ({ zoho, seen }) => {
    await zoho.modules();
    clock.ms += 54 * 60_000;
    await zoho.modules();
    clock.ms += 60_000 + 2_000; // 5 min left
    await zoho.modules();
    expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-1', 'token-2']);
  });
});

test('while the old token lives, a failing renewal stops nothing', async () => {
  const clock = { ms: Date.now() };
  const oauth: Script = (_, count) => (count === 0 ? grant('token-1') : json(500, 'oops'));
  await withScript(
    { api: () => modules, oauth, options: { clock: () => clock.ms } },
    async ({ zoho, seen, tokenRequests }) => {
      await zoho.modules();
      clock.ms += 57 * 60_000;
      await zoho.modules();
      expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-1']);
      await zoho.modules(); // not tried again at once
      expect(tokenRequests()).toBe(2);
    },
  );
});

test.each(['invalid_code', 'invalid_client_secret', 'invalid_client'])(
  'trap 11: HTTP 200 with {"error":"%s"} is permanent',
  async (code) => {
    await withScript(
      { api: () => modules, oauth: () => json(200, { error: code }) },
      async ({ zoho, seen }) => {
        expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'permanent', code, status: 200 });
        expect(seen).toEqual([]);
      },
    );
  },
);

test('trap 11: HTTP 400 Access Denied is throttled for ten minutes, in which Zoho is not asked again', async () => {
  const clock = { ms: Date.now() };
  const oauth: Script = (_, count) => (count === 0 ? denied : grant('token-1'));
  await withScript(
    { api: () => modules, oauth, options: { clock: () => clock.ms } },
    async ({ zoho, tokenRequests }) => {
      const first = await failureOf(zoho.modules());
      expect(first).toMatchObject({ verdict: 'throttled', code: 'ACCESS_DENIED', waitMs: 600_000 });
      clock.ms += 540_000;
      expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'throttled', waitMs: 60_000 });
      expect(tokenRequests()).toBe(1);
      clock.ms += 60_000;
      await zoho.modules();
      expect(tokenRequests()).toBe(2);
    },
  );
});

test('a locked-out process takes the token that another one has fetched meanwhile', async () => {
  const tokenStore = memoryStore();
  const oauth: Script = (_, count) => (count === 0 ? denied : grant('token-1'));
  await withScript({ api: () => modules, oauth, options: { tokenStore } }, async ({ zoho, another }) => {
    await failureOf(zoho.modules());
    await another().modules();
    await zoho.modules();
  });
});

/** As the database keeps it: one holder at a time. */
function claimingStore(clock: () => number): TokenStore {
  const right = { holder: '', until: 0 };
  return {
    ...memoryStore(),
    claim: async (holder, forMs) => {
      if (right.holder !== holder && right.until > clock()) return right.until - clock();
      Object.assign(right, { holder, until: clock() + forMs });
      return 0;
    },
  };
}

test('processes that start at the same time fetch one token between them', async () => {
  const tokenStore = claimingStore(Date.now);
  await withScript(
    { api: () => modules, options: { tokenStore } },
    async ({ zoho, another, seen, tokenRequests }) => {
      await Promise.all([zoho, another(), another()].map((one) => one.modules()));
      expect(tokenRequests()).toBe(1);
      expect(seen.map((one) => one.token)).toEqual(['token-1', 'token-1', 'token-1']);
    },
  );
});

test('processes whose token is refused at the same time fetch one new token between them', async () => {
  const tokenStore = claimingStore(Date.now);
  const dead = new Set<string>();
  const api = refusing((token) => dead.has(token ?? ''));
  await withScript({ api, options: { tokenStore } }, async ({ zoho, another, tokenRequests }) => {
    const both = [zoho, another()];
    await Promise.all(both.map((one) => one.modules()));
    dead.add('token-1');
    await Promise.all(both.map((one) => one.modules()));
    expect(tokenRequests()).toBe(2);
  });
});

test('a token that has to be renewed is renewed by one process; the other goes on with the old one', async () => {
  const clock = { ms: Date.now() };
  const tokenStore = claimingStore(() => clock.ms);
  await withScript(
    { api: () => modules, options: { tokenStore, clock: () => clock.ms } },
    async ({ zoho, another, tokenRequests }) => {
      const both = [zoho, another()];
      await Promise.all(both.map((one) => one.modules()));
      clock.ms += 56 * 60_000;
      await Promise.all(both.map((one) => one.modules()));
      expect(tokenRequests()).toBe(2);
    },
  );
});

test('a process that is locked out keeps the others from asking too', async () => {
  const clock = { ms: Date.now() };
  const tokenStore = claimingStore(() => clock.ms);
  await withScript(
    { api: () => modules, oauth: () => denied, options: { tokenStore, clock: () => clock.ms } },
    async ({ zoho, another, tokenRequests }) => {
      await failureOf(zoho.modules());
      clock.ms += 60_000;
      expect(await failureOf(another().modules())).toMatchObject({ verdict: 'throttled', waitMs: 540_000 });
      expect(tokenRequests()).toBe(1);
    },
  );
});

test.each([
  ['500', json(500, 'oops')],
  ['a page', json(200, '<html>')],
])('an accounts server that answers %s is transient', async (_, reply) => {
  await withScript({ api: () => modules, oauth: () => reply }, async ({ zoho }) => {
    expect(await failureOf(zoho.modules())).toMatchObject({ verdict: 'transient' });
  });
});

test('the api_domain of the token reply is not followed', async () => {
  await withScript({ api: () => modules }, async ({ zoho, seen }) => {
    await zoho.modules(); // the scripted reply names https://evil.example
    expect(seen).toHaveLength(1);
  });
});

test('no error shows a secret or a token', async () => {
  const echo = 'client secret refresh token-1';
  await withScript(
    { api: () => json(400, { code: echo, status: 'error', message: echo, details: { api_name: 'X' } }) },
    async ({ zoho }) => {
      expect(inspect(await failureOf(zoho.modules()), { depth: 9 })).not.toMatch(/token-1|secret/);
    },
  );
  await withScript(
    { api: () => modules, oauth: () => json(200, { error: 'refresh secret!' }) },
    async ({ zoho }) => {
      expect(await failureOf(zoho.modules())).toMatchObject({ code: 'OAUTH_REFUSED' });
    },
  );
});

test('a caller that gives up does not take the token from the others', async () => {
  const gate: { open?: () => void } = {};
  const oauth: Script = () => ({
    raw: (response) => {
      gate.open = () => response.end(JSON.stringify({ access_token: 'token-1', expires_in: 3600 }));
      response.writeHead(200);
    },
  });
  await withScript({ api: () => modules, oauth }, async ({ zoho, seen }) => {
    const given = new AbortController();
    const first = failureOf(zoho.modules(given.signal));
    const second = zoho.modules();
    given.abort(new Error('cancelled'));
    expect(await first).toMatchObject({ code: 'ABORTED', verdict: 'transient' });
    await new Promise<void>((resolve) => {
      const look = (): void => (gate.open ? resolve() : void setImmediate(look));
      look();
    });
    gate.open?.();
    await second;
    expect(seen).toHaveLength(1);
  });
});
