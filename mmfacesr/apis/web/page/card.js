/* The card of a picture: its state, and what came of it. */
import { safeName } from './downloads.js';
import { makeSlider, picture } from './slider.js';

const MARGIN = 0.15; // of a box, so that its line is not on the face
const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Words for the state of a picture. */
export function stateOf(job) {
  switch (job.state) {
    case 'queued': return 'Waits for its turn';
    case 'sent': return 'Is sent to the server';
    case 'waiting': return `Waits at the server, place ${job.event.position}`;
    case 'busy': return `The server is busy; tries again in ${job.event.seconds} s`;
    case 'working': return `${capital(job.event.stage)}, ${Math.round((Date.now() - job.since) / 1000)} s`;
    case 'done': return doneText(job.answer.result);
    case 'canceled': return 'Canceled';
    default: return capital(job.error);
  }
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function doneText({ faces, changed }) {
  const end = changed ? '' : '; the picture is as it was';
  if (!faces.length) return `No face found${end}`;
  const restored = faces.filter((face) => face.restored).length;
  const count = faces.length === 1 ? '1 face' : `${faces.length} faces`;
  const left = faces.length - restored;
  const why = left ? `, ${left} left alone (see why below)` : '';
  return `${restored} of ${count} restored${why}${end}`;
}

export class Card {
  #job;
  #urls = [];
  #shown = null; // the answer whose pictures are in the page
  element = copyOf('card');

  /** actions: called as actions.cancel(job), remove, retry, anySize, asChosen. */
  constructor(job, actions) {
    this.#job = job;
    this.#one('.name').textContent = job.file.name;
    for (const [selector, act] of Object.entries({
      '.cancel': actions.cancel,
      '.remove': actions.remove,
      '.retry': actions.retry,
      '.any-size': actions.anySize,
      '.as-chosen': actions.asChosen,
    })) {
      const button = this.#one(selector);
      button.addEventListener('click', () => act(job));
      button.setAttribute('aria-label', `${button.textContent}: ${job.file.name}`);
    }
    this.#one('.download').addEventListener('click', () => { job.saved = true; });
    const mark = this.#one('.mark input');
    mark.addEventListener('change', () => { this.#one('.boxes').hidden = !mark.checked; });
    this.#one('.result').addEventListener('toggle', () => this.#showResult());
    this.#thumb(job.file);
  }

  /** Show the present state; `choices` are those of the page. */
  update(choices, open) {
    const job = this.#job;
    const done = job.state === 'done';
    const faces = done ? job.answer.result.faces : [];
    const left = faces.some((face) => !face.restored)
      && !(job.choices.force && !job.choices.only_center_face);
    this.element.dataset.state = done && !job.answer.result.changed ? 'same' : job.state;
    this.tick();
    this.#show('.busy', job.state === 'sent' || job.state === 'working');
    this.#show('.cancel', job.open);
    this.#show('.remove', !job.open);
    this.#show('.retry', job.state === 'failed' || job.state === 'canceled');
    this.#show('.any-size', left);
    this.#show('.as-chosen', done && !same(choices, job.choices));
    this.#show('.download', done);
    this.#show('.result', done);
    if (job.answer === this.#shown) return;
    this.release();
    if (!done) return this.#thumb(job.file);
    this.#shown = job.answer;
    this.#prepare();
    this.#one('.result').open = open;
    this.#showResult();
  }

  /** Show how long it takes. */
  tick() {
    this.#one('.state').textContent = stateOf(this.#job);
  }

  /** Let go of all pictures. */
  release() {
    this.#urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
    this.#one('.result').open = false;
    this.#one('.faces').replaceChildren();
    this.#one('.stage > .compare')?.remove();
    this.#one('.thumb').removeAttribute('src');
    this.#one('.download').removeAttribute('href');
    this.#shown = null;
  }

  #one(selector) {
    return this.element.querySelector(selector);
  }

  #show(selector, shown) {
    const element = this.#one(selector);
    if (!shown && element.contains(document.activeElement)) this.element.focus();
    element.hidden = !shown;
  }

  #url(blob) {
    const url = URL.createObjectURL(blob);
    this.#urls.push(url);
    return url;
  }

  #part(key) {
    return this.#url(this.#shown.parts.get(key).blob);
  }

  #thumb(blob) {
    const image = this.#one('.thumb');
    image.hidden = false;
    image.onerror = () => { image.hidden = true; }; // a TIFF, say
    image.src = this.#url(blob);
  }

  /** What is seen of an answer while its details are closed. */
  #prepare() {
    const { name } = this.#shown.parts.get('photo');
    const link = this.#one('.download');
    link.href = this.#part('photo');
    link.download = safeName(name);
    link.setAttribute('aria-label', `Download ${name}`);
    this.#thumb(this.#shown.parts.get('after').blob);
  }

  /** Both pictures and the faces, when they are looked at first. */
  #showResult() {
    if (!this.#shown || !this.#one('.result').open || this.#one('.stage > .compare')) return;
    const { result } = this.#shown;
    const [width, height] = [result.width, result.height].map((side) => side / result.enlarged);
    const stage = this.#one('.stage');
    stage.style.maxWidth = `calc(78vh * ${width / height})`;
    stage.prepend(makeSlider(this.#part('before'), this.#part('after'), 'The whole picture'));
    this.#one('.boxes').replaceChildren(...result.faces.map(
      (face, i) => boxOf(face, i, width, height),
    ));
    this.#one('.faces').replaceChildren(...result.faces.map((face, i) => this.#face(face, i)));
    this.#show('.mark', result.faces.length > 0);
    this.#one('h4').textContent = result.faces.length ? 'Faces' : 'No face was found';
    this.#one('.facts').textContent = factsOf(result);
  }

  #face(face, index) {
    const item = copyOf('face');
    const title = `Face ${index + 1}`;
    const before = this.#part(`face_${index}_before`);
    const left = !this.#shown.parts.has(`face_${index}_after`);
    item.querySelector('.view').append(left
      ? picture('', before, `${title}, left alone`)
      : makeSlider(before, this.#part(`face_${index}_after`), title));
    item.classList.toggle('left-alone', left);
    item.querySelector('p b').textContent = title;
    item.querySelector('.quiet').textContent = `${Math.round(face.size)} pixels wide`;
    const reason = item.querySelector('.reason');
    reason.hidden = !face.reason;
    reason.textContent = `Left alone: ${face.reason}.`;
    return item;
  }
}

function same(a, b) {
  return Object.keys(a).every((key) => a[key] === b[key]);
}

function boxOf(face, index, width, height) {
  const [x0, y0, x1, y1] = face.box;
  const grown = MARGIN * Math.max(x1 - x0, y1 - y0);
  const left = Math.max(x0 - grown, 0);
  const top = Math.max(y0 - grown, 0);
  const box = document.createElement('span');
  box.className = face.restored ? 'box' : 'box left-alone';
  box.append(document.createElement('b'));
  box.firstChild.textContent = index + 1;
  box.style.left = `${100 * left / width}%`;
  box.style.top = `${100 * top / height}%`;
  box.style.width = `${100 * (Math.min(x1 + grown, width) - left) / width}%`;
  box.style.height = `${100 * (Math.min(y1 + grown, height) - top) / height}%`;
  return box;
}

function factsOf(result) {
  const seconds = Object.values(result.seconds).reduce((sum, value) => sum + value, 0);
  const enlarged = result.enlarged > 1 ? `, enlarged ${result.enlarged} times` : '';
  return `${result.width} × ${result.height} pixels${enlarged}; by ${result.model} (license of its weights: ${result.license}) in ${seconds.toFixed(1)} s`;
}
