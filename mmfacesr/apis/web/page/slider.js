/* Two pictures with a line between them, as an ARIA slider. */
import './vendor/img-comparison-slider.js';

const STEPS = {
  ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2,
  PageDown: -20, PageUp: 20, Home: -100, End: 100,
};
const still = new CSSStyleSheet();
still.replaceSync('@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }');

/** Show one picture left and another right of a line that moves. */
export function makeSlider(before, after, label) {
  const slider = document.createElement('img-comparison-slider');
  slider.append(
    picture('first', before, `${label}, before`),
    picture('second', after, `${label}, after`),
    handle(),
  );
  slider.shadowRoot.adoptedStyleSheets.push(still);
  // The arrow keys of the element move it only while they are held down,
  // which the keys of a screen reader are not.
  slider.setAttribute('keyboard', 'disabled');
  slider.setAttribute('role', 'slider');
  slider.setAttribute('aria-label', `${label}: before and after`);
  slider.setAttribute('aria-valuemin', '0');
  slider.setAttribute('aria-valuemax', '100');
  slider.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    slider.value = Math.min(Math.max(slider.value + step, 0), 100);
    tell(slider);
  });
  slider.addEventListener('slide', () => tell(slider));
  tell(slider);
  const box = document.createElement('div');
  box.className = 'compare';
  box.append(slider, side('left', 'before'), side('right', 'after'));
  return box;
}

function side(where, text) {
  const label = document.createElement('span');
  label.className = `side ${where}`;
  label.textContent = text;
  label.ariaHidden = 'true';
  return label;
}

function tell(slider) {
  const before = Math.round(slider.value);
  slider.setAttribute('aria-valuenow', before);
  slider.setAttribute('aria-valuetext', `${before} % before, ${100 - before} % after`);
}

export function picture(slot, url, alt) {
  const image = document.createElement('img');
  if (slot) image.slot = slot;
  image.alt = alt;
  image.decoding = 'async';
  image.src = url;
  return image;
}

function handle() {
  const round = document.createElement('span');
  round.slot = 'handle';
  round.className = 'handle';
  return round;
}
