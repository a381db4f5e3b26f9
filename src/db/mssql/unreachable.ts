// Why a server cannot be reached: what the system and its TLS say, by their codes. Names host and port, which are no secret.
import type { Verdict } from '../dialect';

type Why = Omit<Verdict, 'code'>;
const unreachable = (kind: Verdict['kind'], means: string): Why => ({ kind, means, reached: false });

const untrusted = unreachable(
  'permanent',
  'nobody whom this machine trusts has signed its certificate; give NODE_EXTRA_CA_CERTS the authority that did, or trustServerCertificate=true',
);
const tooOld = unreachable(
  'permanent',
  'it offers only a TLS that this Node refuses, as servers with TLS 1.0 do (docs/sql-server.md)',
);
const expired = unreachable('permanent', 'its certificate is not valid at this time');
const noWay = unreachable('retry', 'no way leads to it');

const reasons: Readonly<Record<string, Why>> = {
  ENOTFOUND: unreachable('retry', 'the host name is not known'),
  EAI_AGAIN: unreachable('retry', 'the host name cannot be looked up at the moment'),
  ECONNREFUSED: unreachable('retry', 'nothing listens there'),
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  ECONNRESET: unreachable('retry', 'the connection was cut'),
  EPIPE: unreachable('retry', 'the connection was cut'),
  ETIMEDOUT: unreachable('retry', 'no answer in time'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: expired,
  ERR_TLS_CERT_ALTNAME_INVALID: unreachable(
    'permanent',
    'its certificate is for another host name; give that one as hostNameInCertificate if it is right',
  ),
  ERR_SSL_UNSUPPORTED_PROTOCOL: tooOld,
  ERR_SSL_WRONG_VERSION_NUMBER: tooOld,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: tooOld,
  ERR_SSL_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED: tooOld,
  ERR_SSL_DH_KEY_TOO_SMALL: tooOld,
  ENOTLS: unreachable('permanent', 'it offers no encryption, and LEGACY_DB asks for it'),
  EENCRYPT: unreachable('permanent', 'it insists on encryption, and LEGACY_DB says encrypt=false'),
  EINSTLOOKUP: unreachable(
    'retry',
    'its SQL Server Browser does not answer, or does not know the instance; a port in the address needs neither',
  ),
  ETIMEOUT: unreachable('retry', 'no answer in time'),
  EFEDAUTH: unreachable('permanent', 'Azure gives no token for this login'),
};

interface Facts {
  code?: string;
  hostname?: string;
  address?: string;
  port?: number;
  host?: string;
}

/** Causes of causes, and of several addresses each its own. */
function* causes(error: unknown): Generator<Facts> {
  if (typeof error !== 'object' || error === null) return;
  const { errors, cause } = error as { errors?: unknown[]; cause?: unknown };
  yield* causes(cause);
  for (const one of errors ?? []) yield* causes(one);
  yield error;
}

function place({ hostname, address, port }: Facts): string {
  const host = hostname ?? address;
  return host === undefined ? '' : ` (${host}${port === undefined ? '' : `:${port}`})`;
}

export function whyUnreachable(error: unknown): Verdict | undefined {
  for (const facts of causes(error)) {
    const why = typeof facts.code === 'string' ? reasons[facts.code] : undefined;
    if (why !== undefined) return { ...why, means: why.means + place(facts), code: facts.code! };
  }
  return undefined;
}
