/* The pictures of this page: two at a time are with the server. */
import { restore } from './answer.js';

const MOST = 2;
export const OPEN = ['queued', 'sent', 'waiting', 'busy', 'working'];

/** A picture. `state` is one of OPEN, 'done', 'failed' or 'canceled'. */
export class Job {
  state = 'queued';
  event = null; // the last one that the server told
  since = 0; // when the server began, in ms
  answer = null;
  error = '';
  controller = null;

  constructor(file, choices) {
    this.file = file;
    this.choices = choices;
  }

  get open() {
    return OPEN.includes(this.state);
  }
}

export class Queue {
  jobs = [];
  #changed;

  /** changed(job) is called when a picture has another state. */
  constructor(changed) {
    this.#changed = changed;
  }

  add(job) {
    this.jobs.push(job);
    this.#set(job, 'queued');
  }

  /** Restore a picture once more. */
  again(job, choices = job.choices) {
    job.controller?.abort();
    job.choices = choices;
    job.answer = null;
    this.#set(job, 'queued');
  }

  cancel(job) {
    job.controller?.abort();
    this.#set(job, 'canceled');
  }

  remove(job) {
    this.jobs.splice(this.jobs.indexOf(job), 1);
    this.cancel(job);
    job.file = job.answer = null;
  }

  #set(job, state) {
    job.state = state;
    if (state !== 'working') job.since = 0;
    else job.since ||= Date.now();
    if (!job.open || state === 'queued') job.controller = null;
    this.#changed(job);
    this.#next();
  }

  #next() {
    const busy = this.jobs.filter((job) => job.controller).length;
    const job = this.jobs.find((one) => one.state === 'queued');
    if (job && busy < MOST) this.#run(job);
  }

  async #run(job) {
    const controller = new AbortController();
    job.controller = controller;
    this.#set(job, 'sent');
    const mine = () => job.controller === controller; // not canceled since
    const tell = (event) => {
      if (!mine() || !OPEN.includes(event.event)) return; // such as 'alive'
      job.event = event;
      this.#set(job, event.event);
    };
    try {
      const answer = await restore(job.file, job.choices, controller.signal, tell);
      if (!mine()) return;
      job.answer = answer;
      this.#set(job, 'done');
    } catch (error) {
      if (!mine()) return;
      job.error = error instanceof SyntaxError
        ? 'The answer could not be read. Load the page again.' : error.message;
      this.#set(job, 'failed');
    }
  }
}
