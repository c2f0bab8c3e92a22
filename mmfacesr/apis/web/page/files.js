/* What was dropped, pasted or chosen, and what of it is refused at once. */

const SUFFIXES = /\.(avif|bmp|gif|hei[cf]|j2k|jfif|jp[2efx]|jpe?g|jxl|png|tiff?|webp)$/i;

/** The files of a drop, those in folders too; others than pictures are left
    out of folders. Everything is asked for before the first await: browsers
    empty a transfer when its event ends. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found = [];
  for (const entry of entries.filter(Boolean)) {
    if (entry.isDirectory) found.push(...(await filesIn(entry)).filter(isPicture));
    else found.push(await fileOf(entry));
  }
  return found;
}

function fileOf(entry) {
  return new Promise((resolve, reject) => { entry.file(resolve, reject); });
}

async function filesIn(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const entries = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!entries.length) return found;
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
      if (entry.isDirectory) found.push(...await filesIn(entry));
      else found.push(await fileOf(entry));
    }
  }
}

function isPicture(file) {
  return file.type.startsWith('image/') || SUFFIXES.test(file.name);
}

/** Why a file is not sent; '' if it is. */
export async function refusal(file, limits) {
  if (!isPicture(file)) return 'it is not a picture';
  if (!file.size) return 'it is empty';
  if (file.size > limits.bytes) {
    return `it has ${megabytes(file.size)} MB; at most ${megabytes(limits.bytes)} MB are taken, so save it smaller`;
  }
  const pixels = await pixelsOf(file);
  if (pixels > limits.pixels) {
    return `it has ${millions(pixels)} million pixels; at most ${millions(limits.pixels)} million are taken, so save it smaller`;
  }
  return '';
}

export function megabytes(bytes) {
  return tidy(bytes / 2 ** 20);
}

export function millions(pixels) {
  return tidy(pixels / 1e6);
}

function tidy(number) {
  return number.toLocaleString('en', { maximumFractionDigits: number < 10 ? 1 : 0 });
}

/** Pixels of a picture by its header; 0 if the browser does not know it. */
async function pixelsOf(file) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  try {
    return await new Promise((resolve) => {
      image.onload = () => resolve(image.naturalWidth * image.naturalHeight);
      image.onerror = () => resolve(0);
      image.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
