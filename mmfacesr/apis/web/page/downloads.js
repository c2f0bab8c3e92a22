/* Files that a person gets, from blobs of this page. */
import { downloadZip } from './vendor/client-zip.js';

const KEPT_MS = 60_000; // until a browser has surely begun to save

/** A name without folders and signs that some system refuses. */
export function safeName(name) {
  // eslint-disable-next-line no-control-regex
  const safe = name.replace(/[\u0000-\u001f\u007f/\\:*?"<>|]/g, '_').replace(/^\.+/, '');
  return safe || 'picture';
}

/** Names apart from each other, also where capitals do not count. */
export function apart(names) {
  const taken = new Set();
  return names.map((name) => {
    const dot = name.lastIndexOf('.');
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    let found = name;
    for (let count = 2; taken.has(found.toLowerCase()); count += 1) {
      found = `${stem} (${count})${ending}`;
    }
    taken.add(found.toLowerCase());
    return found;
  });
}

/** Save [{name, blob}] as one zip file. */
export async function saveAll(files, name) {
  const names = apart(files.map((file) => safeName(file.name)));
  const zip = await downloadZip(
    files.map((file, i) => ({ name: names[i], input: file.blob })),
  ).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(zip);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
