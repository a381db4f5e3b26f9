// Exact decimals as text: reads, pads and compares them; it never goes through a double.

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Plain notation without needless zeros, or null if the text is no number. */
export function plainDecimal(text: string): string | null {
  const match = DECIMAL.exec(text.trim());
  if (!match) return null;
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const all = whole + fraction;
  const point = whole.length + shift;
  const head = point <= 0 ? '0' : all.slice(0, point).padEnd(point, '0');
  const tail = point <= 0 ? '0'.repeat(-point) + all : all.slice(point);
  const wholePart = head.replace(/^0+(?=\d)/, '');
  const fractionPart = tail.replace(/0+$/, '');
  const unsigned = fractionPart === '' ? wholePart : `${wholePart}.${fractionPart}`;
  return sign === '-' && unsigned !== '0' ? `-${unsigned}` : unsigned;
}

export function padded(decimal: string, places: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return places === 0 && fraction === '' ? whole : `${whole}.${fraction.padEnd(places, '0')}`;
}

export function compareDecimals(left: string, right: string): number {
  const places = Math.max(placesOf(left), placesOf(right));
  const a = BigInt(padded(left, places).replace('.', ''));
  const b = BigInt(padded(right, places).replace('.', ''));
  return a < b ? -1 : a > b ? 1 : 0;
}

function placesOf(decimal: string): number {
  return decimal.split('.')[1]?.length ?? 0;
}
