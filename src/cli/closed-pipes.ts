/** Output without a reader (`sluice check … | head`): a command finishes without it, and a server continues to serve. */

/** Without a listener, the first write after the reader left would end the process with a stack trace. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
