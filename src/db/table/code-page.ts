// Which characters a code page has, so that none is quietly stored as `?`. Pure; knows no server.

/** What the platform decodes. */
const labels: Readonly<Record<number, string>> = {
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1250: 'windows-1250',
  1251: 'windows-1251',
  1253: 'windows-1253',
  1254: 'windows-1254',
  1255: 'windows-1255',
  1256: 'windows-1256',
  1257: 'windows-1257',
  1258: 'windows-1258',
};

/** The upper halves of those that it does not, or not everywhere: Node 20 reads windows-1252 as Latin-1. */
const upperHalves: Readonly<Record<number, string>> = {
  437: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ',
  1252: '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ ¡¢£¤¥¦§¨©ª«¬­®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ',
  850: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´­±‗¾¶§÷¸°¨·¹³²■ ',
};

const utf8 = 65001;

/** How many bytes the text takes in the code page; undefined when it lacks a character. */
export function bytesIn(codePage: number, text: string): number | undefined {
  if (codePage === utf8) return Buffer.byteLength(text);
  const widths = widthsOf(codePage);
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const width = widths[text.charCodeAt(i)]!;
    if (width === 0) return undefined;
    bytes += width;
  }
  return bytes;
}

const known = new Map<number, Uint8Array>();

/** Bytes of each UTF-16 unit, 0 where there is none. Of an unknown code page only ASCII is certain. */
function widthsOf(codePage: number): Uint8Array {
  const found = known.get(codePage);
  if (found !== undefined) return found;
  const widths = new Uint8Array(0x1_0000);
  const label = labels[codePage];
  if (label !== undefined) twoBytes(widths, codePage, decodes(label));
  for (let unit = 0; unit < 0x80; unit += 1) widths[unit] = 1;
  for (const letter of upperHalves[codePage] ?? '') widths[letter.charCodeAt(0)] = 1;
  if (label !== undefined) oneByte(widths, decodes(label));
  known.set(codePage, widths);
  return widths;
}

type Decode = (bytes: Uint8Array) => string;

function decodes(label: string): Decode {
  const decoder = new TextDecoder(label);
  return (bytes) => decoder.decode(bytes);
}

const missing = '\ufffd';

function oneByte(widths: Uint8Array, decode: Decode): void {
  for (let byte = 0x80; byte <= 0xff; byte += 1) {
    const letter = decode(Uint8Array.of(byte));
    if (letter !== missing) widths[letter.charCodeAt(0)] = 1;
  }
}

function twoBytes(widths: Uint8Array, codePage: number, decode: Decode): void {
  if (codePage >= 1250 || codePage === 874) return;
  for (let lead = 0x81; lead <= 0xfe; lead += 1)
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (codePage === 950 && hongKong(lead, trail)) continue;
      const letter = decode(Uint8Array.of(lead, trail));
      if (letter.length === 1 && letter !== missing) widths[letter.charCodeAt(0)] = 2;
    }
}

/** The platform's Big5 has characters that code page 950 has not. */
const hongKong = (lead: number, trail: number): boolean =>
  lead < 0xa1 || lead > 0xf9 || lead === 0xc7 || lead === 0xc8 || (lead === 0xc6 && trail >= 0xa1);
