/* One picture to the server, and its answer back: lines of JSON, and behind
   the last of them the bytes of the pictures. */

const BUSY = [429, 503];
const RETRY_SECONDS = 5;
const LONGEST_RETRY = 60;
const NEWLINE = 10;
const CUT = 'The answer broke off. Is the server still running? Try again.';
const NOT_SENT = 'The picture could not be sent: the server does not answer, or '
  + 'the file has changed. Is mmfacesr web still running?';

/** Send a picture; tell(event) hears of waiting and work.
    Returns {result, parts}, parts as Map of key -> {name, blob}. */
export async function restore(file, choices, signal, tell) {
  for (;;) {
    const response = await send(file, choices, signal);
    if (response.ok) return readAnswer(response.body, tell);
    if (!BUSY.includes(response.status)) throw new Error(await errorOf(response));
    response.body?.cancel().catch(() => {});
    const seconds = retrySeconds(response.headers.get('Retry-After'));
    tell({ event: 'busy', seconds });
    await pause(seconds, signal);
  }
}

async function send(file, choices, signal) {
  const form = new FormData();
  for (const [key, value] of Object.entries(choices)) form.append(key, String(value));
  form.append('picture', file, file.name);
  try {
    return await fetch('restore', { method: 'POST', body: form, signal });
  } catch (error) {
    throw signal.aborted ? error : new Error(NOT_SENT);
  }
}

async function errorOf(response) {
  try {
    const { error } = await response.json();
    if (error) return error;
  } catch { /* not from the server itself, but from a proxy before it */ }
  return `The server refused the picture (status ${response.status}).`;
}

function retrySeconds(text) {
  const seconds = Number.parseInt(text, 10);
  return Math.min(Math.max(Number.isNaN(seconds) ? RETRY_SECONDS : seconds, 1), LONGEST_RETRY);
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, 1000 * seconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}

async function readAnswer(body, tell) {
  const source = new Source(body.getReader());
  for (;;) {
    const event = await source.line();
    if (event.event === 'failed') throw new Error(event.error);
    if (event.event === 'done') {
      return { result: event.result, parts: await readParts(source, event.parts) };
    }
    tell(event);
  }
}

async function readParts(source, parts) {
  const all = await source.rest(parts.reduce((sum, part) => sum + part.bytes, 0));
  const found = new Map();
  let start = 0;
  for (const { key, name, type, bytes } of parts) {
    found.set(key, { name, blob: all.slice(start, start + bytes, type) });
    start += bytes;
  }
  return found;
}

/** Lines, then bytes, of a stream. */
class Source {
  #reader;
  #held = new Uint8Array(0);

  constructor(reader) {
    this.#reader = reader;
  }

  async line() {
    let end;
    while ((end = this.#held.indexOf(NEWLINE)) < 0) {
      const chunk = await this.#read();
      if (!chunk) throw new Error(CUT);
      const joined = new Uint8Array(this.#held.length + chunk.length);
      joined.set(this.#held);
      joined.set(chunk, this.#held.length);
      this.#held = joined;
    }
    const text = new TextDecoder().decode(this.#held.subarray(0, end));
    this.#held = this.#held.subarray(end + 1);
    return JSON.parse(text);
  }

  /** All that is left, as a Blob; an error unless it is that many bytes. */
  async rest(bytes) {
    const chunks = [this.#held];
    let count = this.#held.length;
    for (let chunk; (chunk = await this.#read());) {
      chunks.push(chunk);
      count += chunk.length;
    }
    if (count !== bytes) throw new Error(CUT);
    return new Blob(chunks);
  }

  async #read() {
    try {
      return (await this.#reader.read()).value;
    } catch (error) {
      throw error.name === 'AbortError' ? error : new Error(CUT);
    }
  }
}
