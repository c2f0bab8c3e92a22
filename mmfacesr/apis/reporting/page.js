'use strict';
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/* Faces: which pictures lie left and right of the line, and where it is. */
const left = $('#left');
const right = $('#right');
const zoom = $('#zoom');

function labelOf(select) {
  return select.selectedOptions[0].textContent;
}

function showLayers(box) {
  for (const image of all('.layer', box)) {
    const layer = image.dataset.layer;
    image.classList.toggle('on-left', layer === left.value && layer !== right.value);
    image.classList.toggle('on-right', layer === right.value);
  }
  const results = [right.value, left.value].filter((v) => v.startsWith('sr-'));
  for (const points of all('.points', box)) {
    points.classList.toggle('on', points.dataset.points === results[0]);
  }
  $('.side.left', box).textContent = labelOf(left);
  $('.side.right', box).textContent = labelOf(right);
}

function showAllLayers() {
  all('.compare').forEach(showLayers);
}

function sliderOf(box) {
  return box.parentElement.querySelector('.slide');
}

function moveLine(box, percent) {
  const at = Math.min(Math.max(percent, 0), 100);
  box.style.setProperty('--at', `${at}%`);
  const slider = sliderOf(box);
  slider.value = at;
  slider.setAttribute('aria-valuetext', `${labelOf(left)} ${Math.round(at)} %`);
}

function moveToPointer(box, event) {
  const area = box.getBoundingClientRect();
  moveLine(box, ((event.clientX - area.left) / area.width) * 100);
}

function choose(select, wanted) {
  const there = wanted.find((v) => all('option', select).some((o) => o.value === v));
  if (there) select.value = there;
}

let drag = null;
const CLICK = 4; // pixels that a hand moves when it clicks

function startDrag(event) {
  const box = event.target.closest('.compare');
  if (!box || event.button || event.target.closest('button')) return;
  drag = { box, x: event.clientX, moved: false };
}

function continueDrag(event) {
  if (!drag) return;
  drag.moved ||= Math.abs(event.clientX - drag.x) > CLICK;
  if (drag.moved) moveToPointer(drag.box, event);
}

function endDrag(event) {
  if (drag && !drag.moved && event.type === 'pointerup') {
    if (drag.box.closest('dialog')) moveToPointer(drag.box, event);
    else enlarge(drag.box);
  }
  drag = null;
}

/* The enlarged face, or the strip of small ones. */
function openZoom(nodes, caption) {
  $('.inside', zoom).replaceChildren(...nodes);
  $('.caption', zoom).textContent = caption;
  if (!zoom.open) zoom.showModal();
}

function enlarge(box) {
  const copy = box.cloneNode(true);
  const slider = sliderOf(box).cloneNode(true);
  openZoom([copy, slider], $('.name', box.parentElement).textContent);
  moveLine(copy, Number(sliderOf(box).value));
  slider.focus();
}

function enlargeStrip(strip) {
  const row = strip.closest('tr');
  openZoom([strip.cloneNode()], $('.name', row).textContent);
}

function clicked(event) {
  const button = event.target.closest('.enlarge');
  if (button) enlarge(button.closest('.compare'));
  else if (event.target.matches('#table .strip')) enlargeStrip(event.target);
  else if (event.target === zoom || event.target.closest('#zoom > button')) zoom.close();
}

function setUpFaces() {
  choose(left, ['bicubic', 'sr-0']);
  choose(right, left.value === 'sr-0' ? ['hr'] : ['sr-0']);
  left.addEventListener('change', showAllLayers);
  right.addEventListener('change', showAllLayers);
  document.addEventListener('pointerdown', startDrag);
  document.addEventListener('pointermove', continueDrag);
  document.addEventListener('pointerup', endDrag);
  document.addEventListener('pointercancel', endDrag);
  document.addEventListener('input', (event) => {
    if (!event.target.matches('.slide')) return;
    moveLine($('.compare', event.target.parentElement), Number(event.target.value));
  });
  $('#pixels').addEventListener('change', (event) => {
    document.body.classList.toggle('hard', event.target.checked);
  });
  $('#landmarks')?.addEventListener('change', (event) => {
    document.body.classList.toggle('with-landmarks', event.target.checked);
  });
  showAllLayers();
}

/* The table of all faces. */
const data = JSON.parse($('#data').textContent);
const table = $('#table');
const heads = all('thead th', table);
const rows = all('tbody tr', table).map((element) => ({
  element,
  place: Number(element.dataset.row),
  name: $('.name', element).textContent,
  cells: all('td', element),
  numbers: [],
}));
let sorting = { column: 0, down: false };

function numberOf(stored) {
  if (stored === null) return NaN;
  return stored === 'inf' ? Infinity : stored;
}

function textOf(number, digits) {
  if (Number.isNaN(number)) return '–';
  return Number.isFinite(number) ? number.toFixed(digits) : '∞';
}

function chosenValue() {
  return data.values[Number($('#value').value)];
}

function fill() {
  const value = chosenValue();
  for (const row of rows) {
    row.numbers = value.columns.map((column) => numberOf(column[row.place]));
    if (row.cells.length > row.numbers.length) {
      row.numbers.push(row.numbers[0] - row.numbers[1]);
    }
    row.cells.forEach((cell, i) => {
      cell.textContent = textOf(row.numbers[i], value.digits);
    });
  }
  if (sorting.column) sort();
}

function compareRows(a, b) {
  const { column, down } = sorting;
  if (!column) return (down ? -1 : 1) * (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const [x, y] = [a.numbers[column - 1], b.numbers[column - 1]];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
  return x === y ? a.place - b.place : (x < y) === down ? 1 : -1;
}

function sort() {
  rows.sort(compareRows);
  $('tbody', table).append(...rows.map((row) => row.element));
  heads.forEach((head, i) => {
    if (i !== sorting.column) head.removeAttribute('aria-sort');
    else head.setAttribute('aria-sort', sorting.down ? 'descending' : 'ascending');
  });
}

function sortBy(column) {
  const again = sorting.column === column;
  const bestIsLast = chosenValue().sign >= 0;
  sorting = { column, down: again ? !sorting.down : column > 0 && bestIsLast };
  sort();
}

function filter() {
  const text = $('#filter').value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    row.element.hidden = !row.name.toLowerCase().includes(text);
    shown += row.element.hidden ? 0 : 1;
  }
  $('#count').textContent = text ? `${shown} of ${rows.length} faces` : `${rows.length} faces`;
}

function setUpTable() {
  heads.forEach((head, column) => {
    $('button', head).addEventListener('click', () => sortBy(column));
  });
  $('#value').addEventListener('change', fill);
  $('#filter').addEventListener('input', filter);
  window.addEventListener('hashchange', () => {
    if (!location.hash.startsWith('#row-')) return;
    $('#filter').value = '';
    filter();
    document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: 'center' });
  });
  fill();
}

/* All of it is on paper. */
window.addEventListener('beforeprint', () => {
  all('details').forEach((one) => { one.open = true; });
});

if (left) setUpFaces();
setUpTable();
document.addEventListener('click', clicked);
