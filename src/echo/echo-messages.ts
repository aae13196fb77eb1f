/** Between `run --echo` and its echo process: which backends there should be, and where they listen. */

/** Every backend that is wanted, by key; the answer has them all. Those that were wanted before stay where they are. */
export interface WantedEchoes {
  readonly id: number;
  readonly backends: readonly { readonly key: string; readonly name: string }[];
}

export interface ListeningEchoes {
  readonly id: number;
  readonly ports: readonly (readonly [key: string, port: number])[];
}
