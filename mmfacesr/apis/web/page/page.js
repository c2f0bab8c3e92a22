/* The page: choices, pictures that are added, progress, downloads. */
import { Card, capital, stateOf } from './card.js';
import { saveAll } from './downloads.js';
import { filesOf, megabytes, millions, refusal } from './files.js';
import { Job, Queue } from './queue.js';

const $ = (selector) => document.querySelector(selector);
const MOST_OPEN = 3; // pictures that are shown without being asked for
const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const TITLE = document.title;
let options = null;
const cards = new Map();
const queue = new Queue(changed);

/* What may be chosen. */
async function loadOptions() {
  $('#trouble').hidden = true;
  try {
    const response = await fetch('options.json');
    if (!response.ok) throw new Error(`status ${response.status}`);
    options = await response.json();
    showOptions();
  } catch {
    $('#trouble span').textContent = 'The server does not answer. Is mmfacesr web still running?';
    $('#trouble').hidden = false;
  }
}

function showOptions() {
  $('#model').replaceChildren(...options.models.map((model) => {
    const option = new Option(model.title, model.name);
    if (!model.here) option.text += ' (not here)';
    option.disabled = !model.here;
    return option;
  }));
  $('#model').value = options.default;
  $('#upscales').replaceChildren(...options.upscales.map(upscaleOption));
  const { bytes, pixels, pictures } = options.limits;
  $('#limits').textContent = `Up to ${pictures} pictures of ${megabytes(bytes)} MB and ${millions(pixels)} million pixels each.`;
  $('#version').textContent = `mmfacesr ${options.version}`;
  showMissing(options.models.filter((model) => !model.here));
  $('#choices fieldset').disabled = $('#files').disabled = false;
  chosen();
}

function upscaleOption(factor, index) {
  const label = document.createElement('label');
  const radio = document.createElement('input');
  const text = document.createElement('span');
  Object.assign(radio, { type: 'radio', name: 'upscale', value: factor, checked: !index });
  text.textContent = factor === 1 ? 'as it is' : `${factor} times`;
  label.append(radio, text);
  return label;
}

function showMissing(models) {
  $('#more').hidden = !models.length;
  $('#more summary').textContent = models.length === 1
    ? '1 more model, whose weights are not here' : `${models.length} more models, whose weights are not here`;
  $('#more ul').replaceChildren(...models.map((model) => {
    const item = document.createElement('li');
    const name = document.createElement('b');
    name.textContent = model.title;
    item.append(name, ` ${licenseOf(model)}`);
    return item;
  }));
}

function licenseOf({ license, restricted, note }) {
  const remark = restricted ? ' Restricted, such as to non-commercial use: read it first.' : '';
  return `License of the weights: ${license}.${remark}${note ? ` ${sentence(note)}` : ''}`;
}

function sentence(text) {
  return `${capital(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function choices() {
  const form = $('#choices');
  return {
    model: form.model.value,
    upscale: Number(form.upscale.value),
    force: form.force.checked,
    only_center_face: form.only_center_face.checked,
  };
}

function chosen() {
  const model = options.models.find(({ name }) => name === $('#model').value);
  $('#license').textContent = model ? licenseOf(model) : '';
  $('#license').classList.toggle('restricted', Boolean(model?.restricted));
  queue.jobs.forEach(show);
}

/* Pictures that come. */
let adding = Promise.resolve(); // one after the other, in their order

function add(files) {
  if (!options) return;
  adding = adding.then(async () => {
    const refused = [];
    for (const file of files) {
      const full = queue.jobs.length >= options.limits.pictures
        && `this page holds ${options.limits.pictures} pictures at a time; remove some first`;
      const reason = full || await refusal(file, options.limits);
      if (reason) refused.push([file.name, reason]);
      else queue.add(new Job(file, choices()));
    }
    showRefused(refused);
  });
}

function showRefused(refused) {
  $('#refused').hidden = !refused.length;
  $('#refused ul').replaceChildren(...refused.map(([name, reason]) => {
    const item = document.createElement('li');
    const bold = document.createElement('b');
    bold.textContent = name;
    item.append(bold, `: ${reason}.`);
    return item;
  }));
}

function pasted(event) {
  const files = [...event.clipboardData.files];
  // Every browser calls what is pasted so.
  add(files.map((file) => (file.name === 'image.png'
    ? new File([file], 'pasted.png', { type: file.type }) : file)));
}

function setUpDropping() {
  let inside = 0; // elements that the pointer has entered and not left
  const mark = (change) => {
    inside = change ? Math.max(inside + change, 0) : 0;
    document.body.classList.toggle('dropping', inside > 0);
  };
  addEventListener('dragenter', () => mark(1));
  addEventListener('dragleave', () => mark(-1));
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', async (event) => {
    event.preventDefault();
    mark(0);
    add(await filesOf(event.dataTransfer));
  });
}

/* Pictures in the list. */
const actions = {
  cancel: (job) => queue.cancel(job),
  retry: (job) => queue.again(job, choices()),
  anySize: (job) => queue.again(job, { ...job.choices, force: true, only_center_face: false }),
  asChosen: (job) => queue.again(job, choices()),
  remove(job) {
    const { element } = cards.get(job);
    const next = element.nextElementSibling ?? element.previousElementSibling;
    const focused = element.contains(document.activeElement);
    queue.remove(job);
    if (focused) (next ?? $('#files')).focus();
  },
};

function changed(job) {
  if (!queue.jobs.includes(job)) {
    const card = cards.get(job);
    card?.release();
    card?.element.remove();
    cards.delete(job);
  } else {
    if (!cards.has(job)) {
      cards.set(job, new Card(job, actions));
      $('#list').append(cards.get(job).element);
    }
    show(job);
  }
  showTotal();
  if (cards.has(job) && !job.open) say(`${job.file.name}: ${stateOf(job).replace(/\.$/, '')}. ${$('#total').textContent}`);
}

function show(job) {
  cards.get(job).update(choices(), queue.jobs.length <= MOST_OPEN);
}

function showTotal() {
  const count = (state) => queue.jobs.filter((job) => job.state === state).length;
  const [all, done, failed] = [queue.jobs.length, count('done'), count('failed')];
  const ended = queue.jobs.filter((job) => !job.open).length;
  $('#pictures').hidden = !all;
  $('#bar').max = all || 1;
  $('#bar').value = ended;
  $('#total').textContent = `${done} of ${all === 1 ? '1 picture' : `${all} pictures`} done${failed ? `, ${failed} failed` : ''}`;
  $('#download-all').textContent = done > 1 ? `Download all ${done}` : 'Download all';
  $('#download-all').disabled = !done;
  document.title = ended < all ? `(${ended}/${all}) ${TITLE}` : TITLE;
}

function say(text) {
  $('#live').textContent = text;
}

async function downloadAll() {
  const done = queue.jobs.filter((job) => job.state === 'done');
  const parts = done.map((job) => job.answer.parts.get('photo'));
  await saveAll(parts, 'restored.zip');
  done.forEach((job) => { job.saved = true; });
}

function removeAll() {
  [...queue.jobs].forEach((job) => queue.remove(job));
  $('#files').focus();
}

/** Leaving the page would lose what is not saved. */
function leaving(event) {
  const lost = queue.jobs.some((job) => job.open || (job.state === 'done' && !job.saved));
  if (lost) event.preventDefault();
}

$('#choices').addEventListener('change', chosen);
$('#choices').addEventListener('submit', (event) => event.preventDefault());
$('#files').addEventListener('change', (event) => {
  add([...event.target.files]);
  event.target.value = ''; // the same file may be chosen again
});
$('#trouble button').addEventListener('click', loadOptions);
$('#refused button').addEventListener('click', () => { showRefused([]); $('#files').focus(); });
$('#download-all').addEventListener('click', downloadAll);
$('#remove-all').addEventListener('click', removeAll);
addEventListener('paste', pasted);
addEventListener('beforeunload', leaving);
setUpDropping();
setInterval(() => {
  queue.jobs.filter((job) => job.state === 'working').forEach((job) => cards.get(job).tick());
}, 1000);
if (LOCAL.includes(location.hostname)) {
  $('#privacy').textContent = 'Your pictures stay on this computer: mmfacesr holds them in memory, and they are gone there when the result is here.';
}
loadOptions();
