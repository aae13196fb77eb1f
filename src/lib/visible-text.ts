/**
 * Text of objects, files and requests as people may read it on a terminal or in the log of a build. As it came it could move the cursor,
 * turn the direction of what follows, or begin a line that looks like ours, or like a command to the build system.
 */

/** C0 but tabs, DEL and C1; separators of lines and paragraphs; overrides of the direction of text. */
const HIDDEN = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The same but for line feeds, and colors that our own output uses: bold, dim and the sixteen colors. */
const COLOR_OR_HIDDEN =
  /\u001b\[(?:0|1|2|22|3[0-7]|39|9[0-7])m|[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Of the hidden ones, those that JSON.stringify writes as they are. */
const BEYOND_JSON = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' };

/** As JSON and JavaScript write it. */
const escaped = (char: string): string =>
  NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** `text` as a part of one line. */
export const visibleLine = (text: string): string => text.replace(HIDDEN, escaped);

/** JSON with hidden characters escaped, also those that JSON itself permits within a text: the value is the same. */
export const visibleJson = (json: string): string => json.replace(BEYOND_JSON, escaped);

/** Output of ours, whatever got into it. */
export const visibleText = (text: string): string =>
  text.replace(COLOR_OR_HIDDEN, (found) => (found.length > 1 ? found : escaped(found)));
