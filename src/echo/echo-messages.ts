/** Messages between `run --echo` and its echo process: the wanted backends, and their ports. */

/** All wanted backends, by key; the response has all of them. Existing ones keep their ports. */
export interface WantedEchoes {
  readonly id: number;
  readonly backends: readonly { readonly key: string; readonly name: string }[];
}

export interface ListeningEchoes {
  readonly id: number;
  readonly ports: readonly (readonly [key: string, port: number])[];
}
