import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

interface Answer {
  response: ServerResponse;
  status: number;
  headers: OutgoingHttpHeaders;
  text: string;
}

/** Most answers that wait for each other. */
const MAX_WAITING = 32;

/**
 * Sends answers one right after the other, when all requests that had arrived are worked on. Under load that spares a
 * good part of what sending costs: the other side is woken once and not for every answer, and here the code for
 * deciding and the code for sending do not drive each other out of the processor's caches.
 */
export class Outbox {
  #waiting: Answer[] = [];

  send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, text: string): void {
    const count = this.#waiting.push({ response, status, headers, text });
    if (count === 1) setImmediate(() => this.#flush());
    else if (count === MAX_WAITING) this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { response, status, headers, text } of waiting) response.writeHead(status, headers).end(text);
  }
}
