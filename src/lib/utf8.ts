/** Bytes of `text` in UTF-8; lone surrogates count as the replacement character. */
export const utf8Length = (text: string): number =>
  encodeURIComponent(text.toWellFormed()).replaceAll(/%[0-9A-F]{2}/g, '.').length;
