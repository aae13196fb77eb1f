/** States of a client's connection: the meaning of the next byte. */
export const HEAD = 0;
export const BODY = 1;
/** Of a later request, or of a tunnel that is not open yet: buffered. */
export const AHEAD = 2;
export const TUNNEL = 3;
/** Nothing: the connection is closing. */
export const CLOSING = 4;
